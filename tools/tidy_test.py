#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/tidy must find each breach once, in its line, and leave a clean tree alone."""
import os
import subprocess
import sys
import tempfile
import unittest

TIDY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tidy")
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"

CLEAN = {
    "CMakeLists.txt": "add_subdirectory(src/core)\n",
    "README.md": "See [core](src/core/README.md), `src/core/a.h`, `src/core/a` and `packs/`.\n",
    "packs/pumps.jsonc": '{"kinds": [{"name": "big_pump"}]}\n',
    "src/core/CMakeLists.txt": "room(core SOURCES a.cc\n  TESTS a_test.cc)\n",
    "src/core/README.md": "`a.h` holds it.\n",
    "src/core/a.h": LICENCE + '#pragma once\n// such as `pumps`\nstruct A { int time(int); };\n',
    "src/core/a.cc": LICENCE + '#include "core/a.h"\nint f(A a) { return a.time(0); }  // never steady_clock\n',
    "src/core/a_test.cc": LICENCE + '#include "core/a.h"\nconst char* kPack = "pumps";\n',
}

# file, what it holds instead, the report that must come
BREACHES = [
    ("src/core/a.cc", '#include "core/a.h"\n', "src/core/a.cc:1: the first line must hold"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\n#include "sense/sense.h"\n', "src/core/a.cc:3: core must not include sense/sense.h"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\n#include "core/b.h"\n', "src/core/a.cc:3: there is no core/b.h"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\n#include <boost/asio.hpp>\n', "src/core/a.cc:3: headers of outside libraries"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\nauto n = std::chrono::steady_clock::now();\n', "src/core/a.cc:3: `steady_clock`"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\n\nauto n = time(nullptr);\n', "src/core/a.cc:4: `time(nullptr`"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\nstd::random_device chance;\n', "src/core/a.cc:3: `random_device`"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\nstd::ifstream in("x");\n', "src/core/a.cc:3: `ifstream`"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\nstd::mutex lock;\n', "src/core/a.cc:3: `std::mutex`"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\nbool b = kind == "big_pump";\n', "src/core/a.cc:3: `big_pump` is a pack's word"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\n\tint n;\n', "src/core/a.cc:3: a tab"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\nint n; \n', "src/core/a.cc:3: trailing space"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\nint n;', "src/core/a.cc:3: the file must end with a newline"),
    ("src/core/a.cc", LICENCE + '#include "core/a.h"\n' + "int n;\n" * 600, "src/core/a.cc:601: 602 lines"),
    ("src/core/b.cc", LICENCE, "src/core/b.cc:1: a dead file: src/core/CMakeLists.txt does not list it"),
    ("src/core/b.h", LICENCE, "src/core/b.h:1: a dead file: nobody includes it"),
    ("README.md", "[gone](src/core/b.md)\n", "README.md:1: a dead link: src/core/b.md"),
    ("README.md", "\n`src/core/b.h`\n", "README.md:2: a dead path: src/core/b.h"),
    ("README.md", "`b.cc`\n", "README.md:1: there is no file b.cc"),
    ("README.md", "in /wor" + "k/main\n", "README.md:1: `/wor" + "k` names a folder"),
    ("tools/run", "#!/bin/sh\nexit 0\n", "tools/run:1: the first line must hold"),
    ("web/src/core/table.ts", LICENCE + "const at = Date.now();\n", "web/src/core/table.ts:2: only clock.ts reads the clock"),
    ("web/src/core/table.ts", LICENCE + "await fetch('/x');\n", "web/src/core/table.ts:2: only api.ts and live.ts"),
    ("web/src/ui/Map.vue", "<!-- SPDX-License-Identifier: Apache-2.0 -->\nimport m from 'maplibre-gl';\n", "web/src/ui/Map.vue:2: only map/"),
]


def tidy(files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        run = subprocess.run([sys.executable, TIDY, root], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout + run.stderr


class TidyTest(unittest.TestCase):
    def test_a_clean_tree_passes(self):
        self.assertEqual(tidy(CLEAN), (0, ""))

    def test_each_breach_is_found_in_its_line(self):
        for name, text, report in BREACHES:
            with self.subTest(report):
                code, out = tidy({**CLEAN, name: text})
                self.assertEqual(code, 1)
                self.assertIn(report, out)
                self.assertEqual(len(out.splitlines()), 1, out)


if __name__ == "__main__":
    unittest.main()
