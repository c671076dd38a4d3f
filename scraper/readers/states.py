"""The names and codes of states and territories, as publishers write them. The quoted words are never replaced."""

import re
from typing import Final

from scraper.documents import values

_TEXT: Final = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia
DC Washington, D.C.|DC Washington, DC|DC Washington DC|DC D.C.|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois
IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota
MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York
NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina
SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|WA Washington State|WV West Virginia
WI Wisconsin|WY Wyoming|AS American Samoa|GU Guam|MP Northern Mariana Islands|MP Northern Marianas|MP CNMI
PR Puerto Rico|VI U.S. Virgin Islands|VI US Virgin Islands|VI Virgin Islands
"""
_PAIRS: Final = tuple(tuple(one.split(" ", 1)) for one in re.split(r"[|\n]", _TEXT.strip()))
NAMES: Final = tuple(name for _, name in _PAIRS)
CODES: Final = frozenset(code for code, _ in _PAIRS)
_CODE_OF: Final = {values.key(name): code for code, name in _PAIRS}
_BEHIND: Final = re.compile(r"(?P<place>.+?)(?:,\s*(?P<after>[^,()]+)|\s*\((?P<within>[^()]+)\))")
_ZIP: Final = re.compile(r"\s+\d{5}(?:-\d{4})?$")


def code(text: str) -> str | None:
    """Return the two letters of the state that the whole of `text` names; a code counts in capitals only."""
    bare = values.unfootnoted(text)
    return bare if bare in CODES else _CODE_OF.get(values.key(bare).removesuffix(":"))


def split(text: str) -> tuple[str, str]:
    """Return place and state as quoted: "Ventura County, CA" and "Main Jail (CA)" name both, others ("whole", "")."""
    bare = values.unfootnoted(text)
    if code(bare):
        return bare, ""
    match = _BEHIND.fullmatch(_ZIP.sub("", bare))
    state = (match["after"] or match["within"]).strip() if match else ""
    return (match["place"].strip(), state) if match and state and code(state) else (bare, "")
