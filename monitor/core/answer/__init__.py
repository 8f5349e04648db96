"""How what the program knows looks as JSON: one type for each answer of the API, the commands and the exports.

docs/json.md and docs/json.schema.json are made from these types: a class's docstring says what the object is, the text
beside a field what that is. A field that can't be told is null, never 0; one that is not always there says so.
"""
