# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# op_table.py FILE HELP: the form of `weft-opt --list-ops --json`; a facet that a pass sees to names one of `weft-opt --help`.
import json
import sys

ops = json.load(open(sys.argv[1]))["ops"]
flags = open(sys.argv[2]).read().split()
names = [op["name"] for op in ops]
assert len(ops) >= 40 and len(set(names)) == len(names), names
for op in ops:
    assert set(op) >= {"name", "operands", "attributes", "results", "facets", "passes"}, op
    assert set(op["facets"]) == {"reference", "lowering", "derivative", "batching", "streaming"}, op
    for facet, there in op["facets"].items():
        assert there is True or isinstance(there, str) and len(there) > 3, (op["name"], facet, there)
    for facet, name in op["passes"].items():
        assert op["facets"][facet] is True and "--" + name in flags, (op["name"], facet, name)
assert any(op["passes"] for op in ops)
assert ops[names.index("weft.tanh")]["facets"]["derivative"] is True
assert isinstance(ops[names.index("weft.argmax")]["facets"]["derivative"], str)
