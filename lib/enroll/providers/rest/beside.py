"""Values in an answer outside of JSON: in its headers, or a body that is plain text."""


def look(answer, found: dict) -> None:
    """Add these to `found`: headers as `header:name`, the text as `.` unless it was cut."""
    if not found and not answer.cut and not answer.page():
        found["."] = str(answer.body, "utf-8").strip().strip('"')
    for name in answer.headers:
        found["header:" + name] = answer.headers[name]
