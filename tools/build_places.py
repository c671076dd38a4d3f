"""Rebuild db/reference/places.csv from an unpacked copy of the npm package us-atlas, version 3.

Usage: python tools/build_places.py FOLDER, where FOLDER holds states-10m.json and counties-10m.json.

us-atlas carries FIPS codes and short names of the Census Bureau's 2017 boundaries. This script adds what that edition
lacks: the full name a reader expects, the Connecticut planning regions of 2022, the Alaska split of 2019, and the
cities of db/reference/cities.csv.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

REFERENCE = Path(__file__).parent.parent / "db" / "reference"
_CODES = """
01=AL 02=AK 04=AZ 05=AR 06=CA 08=CO 09=CT 10=DE 11=DC 12=FL 13=GA 15=HI 16=ID 17=IL 18=IN 19=IA 20=KS 21=KY
22=LA 23=ME 24=MD 25=MA 26=MI 27=MN 28=MS 29=MO 30=MT 31=NE 32=NV 33=NH 34=NJ 35=NM 36=NY 37=NC 38=ND 39=OH
40=OK 41=OR 42=PA 44=RI 45=SC 46=SD 47=TN 48=TX 49=UT 50=VT 51=VA 53=WA 54=WV 55=WI 56=WY 60=AS 66=GU 69=MP
72=PR 78=VI
"""
CODES = dict(pair.split("=") for pair in _CODES.split())
STATE_KINDS = {"11": "district"} | dict.fromkeys(("60", "66", "69", "72", "78"), "territory")
STATE_NAMES = {"69": "Northern Mariana Islands", "78": "U.S. Virgin Islands"}
ALASKA = dict.fromkeys(("02020", "02230"), ("municipality", "Municipality"))
ALASKA |= dict.fromkeys(("02110", "02220", "02275", "02282"), ("city_and_borough", "City and Borough"))
CENSUS_AREAS = [f"02{n:03}" for n in (16, 50, 63, 66, 70, 105, 158, 180, 198, 240, 261, 290)]
ALASKA |= dict.fromkeys(CENSUS_AREAS, ("census_area", "Census Area"))
SUFFIXES = {
    "22": ("parish", "Parish"),
    "60": ("district", "District"),
    "69": ("municipality", "Municipality"),
    "72": ("municipio", "Municipio"),
    "78": ("island", "Island"),
}
ADDED = {
    "02063": "Chugach",
    "02066": "Copper River",
    "09110": "Capitol",
    "09120": "Greater Bridgeport",
    "09130": "Lower Connecticut River Valley",
    "09140": "Naugatuck Valley",
    "09150": "Northeastern Connecticut",
    "09160": "Northwest Hills",
    "09170": "South Central Connecticut",
    "09180": "Southeastern Connecticut",
    "09190": "Western Connecticut",
}


def kind_and_name(fips: str, short: str) -> tuple[str, str]:
    """Return the kind and full name of a county-level area: ("parish", "Orleans Parish")."""
    if short in ("Guam", "District of Columbia"):
        return ("territory" if short == "Guam" else "district"), short
    if fips[2:] >= "510" and fips[:2] in ("24", "29", "32", "51"):
        return "independent_city", short if short.endswith("City") else f"{short} city"
    if fips.startswith("091"):
        return "planning_region", f"{short} Planning Region"
    fallback = ("borough", "Borough") if fips.startswith("02") else SUFFIXES.get(fips[:2], ("county", "County"))
    kind, suffix = ALASKA.get(fips, fallback)
    return kind, f"{short} {suffix}"


def areas(folder: Path, level: str) -> dict[str, str]:
    """Return FIPS -> short name of one us-atlas file."""
    geometries = json.loads((folder / f"{level}-10m.json").read_text("utf-8"))["objects"][level]["geometries"]
    return {one["id"]: one["properties"]["name"] for one in geometries}


def rows(folder: Path) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield place_id, fips, kind, name, state: states first, then counties, then cities."""
    for fips, short in sorted(areas(folder, "states").items()):
        yield fips, fips, STATE_KINDS.get(fips, "state"), STATE_NAMES.get(fips, short), CODES[fips]
    for fips, short in sorted((areas(folder, "counties") | ADDED).items()):
        yield fips, fips, *kind_and_name(fips, short), CODES[fips[:2]]
    with (REFERENCE / "cities.csv").open(encoding="utf-8", newline="") as lines:
        for city in csv.DictReader(lines):
            slug = city["place_id"] or f"city:{re.sub(r'[^a-z]+', '-', city['name'].lower())}-{city['state'].lower()}"
            yield slug, "", "city", city["name"], city["state"]


def main() -> None:
    """Write the file and leave the rest of db/reference as it is."""
    with (REFERENCE / "places.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("place_id", "fips", "kind", "name", "state"))
        writer.writerows(rows(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
