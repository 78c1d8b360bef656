"""Which of `documents` are good by `schema`, as fastjsonschema reads it."""

import json
import sys

import fastjsonschema

question = json.load(sys.stdin)
validate = fastjsonschema.compile(question["schema"])
verdicts = []
for document in question["documents"]:
    try:
        validate(document)
        verdicts.append("")
    except fastjsonschema.JsonSchemaException as error:
        verdicts.append(str(error))
print(json.dumps(verdicts))
