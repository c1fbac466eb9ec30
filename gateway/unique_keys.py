"""YAML in which no key is given twice."""

from typing import Any

import yaml


class UniqueKeys(yaml.CSafeLoader):
    """YAML that refuses a key given twice, where PyYAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if (key.tag, key.value) in seen:
                line = key.start_mark.line + 1
                raise yaml.constructor.ConstructorError(
                    None, None, f"line {line}: {key.value!r} is given twice"
                )
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)
