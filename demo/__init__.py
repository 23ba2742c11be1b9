"""The demonstration: a stand like a fleet of Kodeks servers, sinks for messages, and the runner of the whole stack.

Nothing here shares code with the exporter: the stand is written from what is known of Kodeks, so that a
misunderstanding in the exporter is not repeated, and thereby hidden, in what it is tested against.
"""
