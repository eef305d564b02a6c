# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# op_table.py FILE: the form of `weft-opt --list-ops --json`.
import json
import sys

ops = json.load(open(sys.argv[1]))["ops"]
names = [op["name"] for op in ops]
assert len(ops) >= 40 and len(set(names)) == len(names), names
for op in ops:
    assert set(op) >= {"name", "operands", "attributes", "results", "facets"}, op
    assert set(op["facets"]) >= {"reference", "lowering", "derivative"}, op
    for facet, there in op["facets"].items():
        assert there is True or isinstance(there, str) and len(there) > 3, (op["name"], facet, there)
assert ops[names.index("weft.tanh")]["facets"]["derivative"] is True
assert isinstance(ops[names.index("weft.argmax")]["facets"]["derivative"], str)
