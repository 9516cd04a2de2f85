"""The stock Python client: takes a flag and its evaluation context as a line of JSON, answers with what it makes of it."""

import json
import os
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


def main() -> None:
    token = os.environ["COUNTERSIGN_TOKEN"]
    provider = OFREPProvider(
        os.environ["COUNTERSIGN_HUB"],
        headers_factory=lambda: {"Authorization": f"Bearer {token}"},
    )
    api.set_provider(provider)
    client = api.get_client()
    for line in sys.stdin:
        asked = json.loads(line)
        attributes = dict(asked["context"])
        context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
        found = client.get_boolean_details(asked["flag"], False, context)
        answer = {
            "value": found.value,
            "variant": found.variant,
            "reason": found.reason,
            "error_code": found.error_code,
            "version": found.flag_metadata.get("version"),
        }
        print(json.dumps(answer), flush=True)


main()
