"""The JSON Schema of a manifest, for editors and for checks by other programs.

Made from the models. What no schema can say (that files exist, that ids differ, that
every job has a speaker) only ``load_manifest`` checks.
"""

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from rimebatch.manifest.model import WrittenManifest
from rimebatch.manifest.parameters import FACTS, MODELS, Fact, WrittenVoice


def make_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of a manifest as ordinary YAML reads it.

    It knows every key with its type, range, default and description, and no others;
    of every parameter of a voice, also the source and the models that heed it.
    """
    schema = WrittenManifest.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        for described in model["properties"].values():
            _simplify(described)
    parameters = schema["$defs"][WrittenVoice.__name__]["properties"]
    _complete_extra(parameters["extra"])
    for name, fact in FACTS.items():
        parameters[name]["description"] += _tell(fact)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def _simplify(described: JsonSchemaValue) -> None:
    """Leave what may be written: a key has a value, or it is not there at all."""
    described.pop("title", None)  # the key again, in capitals
    if isinstance(described.get("default"), dict):
        del described["default"]  # of keys that have defaults of their own
    if "default" in described and described["default"] is None:
        del described["default"]
        # pydantic describes what may be left out as something or null.
        described |= next(c for c in described.pop("anyOf") if c != {"type": "null"})


def _complete_extra(described: JsonSchemaValue) -> None:
    # What is a number or a truth value to an ordinary YAML is sent as it is written.
    described["additionalProperties"] = {"type": ["string", "number", "boolean"]}
    described["propertyNames"] = {"not": {"enum": list(FACTS)}}


def _tell(fact: Fact) -> str:
    models = [model for model in MODELS if model in fact.heeded_by]
    heeded = "" if len(models) == len(MODELS) else f" For {', '.join(models)}."
    return f"{heeded} [{fact.source}]"
