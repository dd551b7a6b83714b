"""Lists Cosmic Ray's mutants of Python files as lines of JSON; run by the interpreter that has Cosmic Ray."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

_LEFT_OUT = re.compile(
    "core/(?:"
    + "|".join(
        (
            # `X | None` of an annotation is never evaluated.
            "ReplaceBinaryOperator_BitOr_",
            # Of the operators that may stand for another, the opposite: the rest fail, or do the same.
            "ReplaceBinaryOperator_Add_(?!Sub$)",
            "ReplaceBinaryOperator_Sub_(?!Add$)",
            "ReplaceBinaryOperator_Mul_(?!Div$)",
            "ReplaceBinaryOperator_Div_(?!Mul$)",
            "ReplaceBinaryOperator_FloorDiv_(?!Mul$)",
            "ReplaceComparisonOperator_Is_(?!IsNot$)",
            "ReplaceComparisonOperator_IsNot_(?!Is$)",
            "ReplaceComparisonOperator_Eq_(?!NotEq$)",
            "ReplaceComparisonOperator_NotEq_(?!Eq$)",
            "ReplaceComparisonOperator_Lt_(?!LtE$|GtE$)",
            "ReplaceComparisonOperator_LtE_(?!Lt$|Gt$)",
            "ReplaceComparisonOperator_Gt_(?!GtE$|LtE$)",
            "ReplaceComparisonOperator_GtE_(?!Gt$|Lt$)",
            # Without @dataclass or @property nothing works.
            "RemoveDecorator",
        )
    )
    + ")"
)


def main() -> None:
    """Print ``[file, line, column, text of the mutant]`` for each mutant of the files that are named."""
    from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-not-found]
    from cosmic_ray.mutating import mutate_code  # type: ignore[import-not-found]
    from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-not-found]

    kinds = [get_operator(name) for name in operator_names() if not _LEFT_OUT.match(name)]
    operators = [kind() for kind in kinds if not kind.arguments()]
    for file in sys.argv[1:]:
        source = Path(file).read_text(encoding="utf-8")
        nodes = list(ast_nodes(get_ast(source)))
        for operator in operators:
            places = [place for node in nodes for place in operator.mutation_positions(node)]
            for occurrence, ((line, column), _) in enumerate(places):
                print(json.dumps([file, line, column, mutate_code(source, operator, occurrence)]))


if __name__ == "__main__":
    main()
