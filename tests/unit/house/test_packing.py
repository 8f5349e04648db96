"""What ships and what it needs: the packages of pyproject.toml, the files beside them, the lock, the imports."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import PurePosixPath

from tests.house import ALL, ROOT, SHIPPED, imports, none_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")


def test_the_packages_of_pyproject_are_those_on_disk() -> None:
    folders = {path.parent for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")}
    on_disk = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    mapped = PROJECT["tool"]["setuptools"]["package-dir"]
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == on_disk | set(mapped)
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []
    assert [folder for folder in mapped.values() if not (ROOT / folder).is_dir()] == []


def test_every_file_beside_the_modules_ships_with_them() -> None:
    setuptools = PROJECT["tool"]["setuptools"]
    folders = {name: name.replace(".", "/") for name in setuptools["packages"]} | setuptools["package-dir"]
    patterns = [
        f"{folders[name]}/{glob}" for name, globs in setuptools["package-data"].items() for glob in globs
    ]
    beside = [
        path.relative_to(ROOT).as_posix()
        for folder in ("monitor", "simulators", "config")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    assert beside
    none_of(path for path in beside if not any(PurePosixPath(path).match(pattern) for pattern in patterns))


def requirement_name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


def declared() -> set[str]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = [*PROJECT["project"]["dependencies"], *(each for extra in extras for each in extra)]
    return {requirement_name(requirement) for requirement in wanted}


def test_the_lock_pins_every_dependency_with_hashes_and_names_no_address() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK.strip())
    assert [block for block in blocks if not re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+ ", block)] == []
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert declared() <= {requirement_name(block) for block in blocks}
    assert re.findall(r".*(?:://|--index|--extra|--find|--trusted| @ ).*", LOCK) == []


CALLED_OTHERWISE = {
    "influxdb-client": "influxdb_client",
    "paho-mqtt": "paho",
    "vl-convert-python": "vl_convert",
}
NEVER_IMPORTED = {
    "mypy": "a tool",
    "psycopg": "SQLAlchemy loads it for a PostgreSQL url",
    "pyarrow": "loaded when a Parquet file is imported: it takes half a second",
    "pytest-xdist": "pytest loads it: tests run beside one another",
    "ruff": "a tool",
    "setuptools": "the build backend",
    "tzdata": "zoneinfo's time zones where the system has none",
}


def test_every_dependency_is_imported_or_says_what_it_is_for() -> None:
    used = {found.module.split(".")[0] for source in ALL for found in imports(source)}
    named = {
        name: CALLED_OTHERWISE.get(name, name.replace("-", "_")) for name in declared() - set(NEVER_IMPORTED)
    }
    none_of(name for name, module in sorted(named.items()) if module not in used)


BROUGHT_ALONG = {
    "markupsafe": "jinja2",
    "pydantic_core": "pydantic",
    "starlette": "fastapi",
    "urllib3": "influxdb-client",
}
"""Packages that a dependency shows in its own interface."""


def test_everything_imported_is_declared() -> None:
    ours = {*SHIPPED, "tests", *(path.stem for path in (ROOT / "tests").rglob("*"))}
    modules = {CALLED_OTHERWISE.get(name, name.replace("-", "_")) for name in declared()}
    modules |= {module for module, by in BROUGHT_ALONG.items() if by in declared()}
    outside = {
        f"{source.path}:{found.line}: {found.module}"
        for source in ALL
        for found in imports(source)
        if (top := found.module.split(".")[0]) not in ours | modules and top not in sys.stdlib_module_names
    }
    none_of(sorted(outside))
