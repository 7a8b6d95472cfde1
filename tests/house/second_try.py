#!/usr/bin/env python3
"""scripts/ctest-twice: what passes only on the second try is named, more than one fails.

   second_try.py SCRIPT     with trees of tests that fail on their first run, on every run, or never
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop()).resolve()


class SecondTry(unittest.TestCase):
    def run_tree(self, tests):
        """tests: names with "good", "shy" (fails once) or "bad". Returns the exit code and output."""
        with tempfile.TemporaryDirectory() as directory:
            tree = pathlib.Path(directory)
            commands = {"good": "true", "bad": "echo the reason; false"}
            lines = []
            for name, kind in tests.items():
                ran = tree / name.replace("/", "_")
                shy = f"test -e {ran} || {{ touch {ran}; false; }}"
                lines.append(f'add_test([=[{name}]=] sh -c [==[{commands.get(kind, shy)}]==])')
            (tree / "CTestTestfile.cmake").write_text("\n".join(lines) + "\n")
            run = subprocess.run([SCRIPT, tree, "-j2"], capture_output=True, text=True, check=False)
            return run.returncode, run.stdout + run.stderr

    def test_all_pass(self):
        code, out = self.run_tree({"One": "good", "Two": "good"})
        self.assertEqual(0, code, out)
        self.assertNotIn("second try", out)

    def test_one_on_the_second_try_is_named(self):
        code, out = self.run_tree({"One": "good", "Shy.One/0": "shy"})
        self.assertEqual(0, code, out)
        self.assertIn("passed only on the second try:\n    Shy.One/0\n", out)

    def test_two_on_the_second_try_fail(self):
        code, out = self.run_tree({"One": "good", "Shy.One": "shy", "Shy.Two": "shy"})
        self.assertEqual(1, code, out)
        self.assertIn("passed only on the second try:\n    Shy.One\n    Shy.Two\n", out)
        self.assertIn("2 tests passed only on the second try; at most one may", out)

    def test_what_fails_twice_is_named_with_its_output(self):
        code, out = self.run_tree({"Bad": "bad", "Shy": "shy"})
        self.assertEqual(1, code, out)
        self.assertIn("failed twice:\n    Bad\n", out)
        self.assertIn("passed only on the second try:\n    Shy\n", out)
        self.assertIn("the reason", out)

    def test_no_tests_are_a_failure(self):
        code, out = self.run_tree({})
        self.assertEqual(1, code, out)


if __name__ == "__main__":
    unittest.main()
