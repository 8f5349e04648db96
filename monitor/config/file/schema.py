"""The JSON Schema of each configuration file, for editors and for people who generate configurations."""

from __future__ import annotations

from typing import Any

from monitor.config.file.fields import Table
from monitor.config.file.files import MonitorFile
from monitor.config.file.people_file import PeopleFile
from monitor.config.file.profile_file import ProfileFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES: dict[str, type[Table]] = {
    "monitor.toml": MonitorFile,
    "profile": ProfileFile,
    "people.toml": PeopleFile,
}


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of ``monitor.toml``, of a ``profile`` (profiles/<name>.toml) and of ``people.toml``."""
    return {name: {"$schema": _DIALECT, **model.model_json_schema()} for name, model in _FILES.items()}
