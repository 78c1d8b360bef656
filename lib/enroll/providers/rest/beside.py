"""What an answer says elsewhere than in JSON: in its headers, or with a body that is the text itself."""


def look(answer, found: dict) -> None:
    """Put that into `found`: headers as `header:name`, the text as `.`; half a text is none."""
    if not found and not answer.cut and not answer.page():
        found["."] = str(answer.body, "utf-8").strip().strip('"')
    for name in answer.headers:
        found["header:" + name] = answer.headers[name]
