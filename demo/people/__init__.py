"""A model of the people at the clients: who they are, when they work, what they look for.

Everything is a pure function of (seed, installation, day): the live reports of the stand and the year of history are
two views of the same life.
"""

from demo.people.company import Company, Person, found
from demo.people.diary import Diary, Search, Usage, Visit

__all__ = ["Company", "Diary", "Person", "Search", "Usage", "Visit", "found"]
