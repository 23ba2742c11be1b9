"""Turns a Russian name into a valid one."""

import re
from typing import Final

from kodeks_exporter.domain.names import is_name

_LETTERS: Final = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SOUNDS: Final = "a,b,v,g,d,e,e,zh,z,i,y,k,l,m,n,o,p,r,s,t,u,f,kh,ts,ch,sh,sch,,y,,e,yu,ya"
_TABLE: Final = dict(zip(_LETTERS, _SOUNDS.split(","), strict=True))


def latin(text: str) -> str:
    """Cyrillic letters become Latin, invalid characters become ``-``; a valid name is returned as is.

    Empty when nothing is left.
    """
    if is_name(text):
        return text
    out = ""
    for char in text:
        sound = _TABLE.get(char.lower(), char)
        out += sound.capitalize() if char.isupper() and len(char.lower()) == 1 else sound
    return re.sub(r"[^A-Za-z0-9_.:]+", "-", out).strip("-.:")
