"""The part of the benchmarks' scripts that judges figures: no benchmark is run."""
import unittest

import rows
from rows import Row


def one_round(**figures):
    return [Row(name, str(ratio), "1", "1", "<= 2") for name, ratio in figures.items()]


class Parsing(unittest.TestCase):
    def test_rows_are_the_lines_of_five_fields(self):
        found = rows.parse("warm-up\na\t1.5\t3\t2\t<= 2\nb\t-\t-\t-\tnot measured: no gdb\nx\ty\n")
        self.assertEqual(["a", "b"], [row.name for row in found])
        self.assertEqual("3", found[0].ours)

    def test_targets_are_met_or_missed(self):
        self.assertEqual("met", Row("a", "1.5", "", "", "<= 1.5").verdict())
        self.assertEqual("MISSED", Row("a", "1.6", "", "", "<= 1.5").verdict())
        self.assertEqual("MISSED", Row("a", "1.6", "", "", ">= 20").verdict())
        self.assertEqual("", Row("a", "-", "", "", "not measured: no gdb").verdict())
        with self.assertRaises(ValueError):
            Row("a", "1", "", "", "< 2").verdict()


class Comparing(unittest.TestCase):
    def test_rounds_that_overlap_are_noise(self):
        change = rows.judge("a", [1.0, 1.2, 1.1], [1.15, 1.4, 1.3], "<= 2")
        self.assertEqual("", change.verdict)
        self.assertAlmostEqual(18.18, change.percent(), places=1)

    def test_rounds_that_lie_apart_have_moved(self):
        self.assertEqual("slower", rows.judge("a", [1, 1.1, 1], [1.2, 1.3, 1.2], "<= 2").verdict)
        self.assertEqual("faster", rows.judge("a", [1.2, 1.3, 1.2], [1, 1.1, 1], "<= 2").verdict)
        self.assertEqual("faster", rows.judge("a", [20, 21, 22], [30, 31, 32], ">= 2").verdict)
        self.assertEqual("slower", rows.judge("a", [30, 31, 32], [20, 21, 22], ">= 2").verdict)
        self.assertEqual("moved", rows.judge("a", [30, 31, 32], [20, 21, 22], "peer").verdict)

    def test_little_or_seldom_is_no_move(self):
        self.assertEqual("", rows.judge("a", [1, 1, 1], [1.01, 1.01, 1.01], "<= 2").verdict)
        self.assertEqual("", rows.judge("a", [1, 1], [2, 2], "<= 2").verdict)
        self.assertEqual("", rows.judge("a", [0, 0, 0], [0, 0, 0], "<= 2").verdict)

    def test_only_rows_of_both_are_compared(self):
        old = [one_round(a=1, b=1)] * 3
        new = [one_round(b=2, c=5)] * 3
        changes = rows.compare(old, new)
        self.assertEqual([("b", "slower")], [(c.name, c.verdict) for c in changes])
        self.assertEqual((["a"], ["c"]), rows.names_of_one_side(old, new))

    def test_a_figure_with_two_targets_is_two_rows(self):
        both = [[Row("a", "1", "", "", "<= 2"), Row("a", "1", "", "", ">= 0.5")]] * 3
        self.assertEqual(2, len(rows.compare(both, both)))


if __name__ == "__main__":
    unittest.main()
