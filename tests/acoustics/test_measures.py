"""The project's own measures on signals whose figures are known."""

import unittest

import numpy as np

import measures

RATE = 16_000
RANDOM = np.random.default_rng(7)


class Measures(unittest.TestCase):
    def test_erle_is_the_fall_in_power_where_the_echo_is(self):
        mic = RANDOM.standard_normal(4 * RATE) * 0.1
        out = mic * 0.1
        out[: 2 * RATE] = mic[: 2 * RATE]
        active = np.ones(len(mic), bool)
        self.assertAlmostEqual(measures.erle(mic, out, active, RATE, 2, 4), 20, places=3)
        self.assertAlmostEqual(measures.erle(mic, out, active, RATE, 0, 2), 0, places=6)
        self.assertTrue(np.isnan(measures.erle(mic, out, ~active, RATE, 0, 4)))

    def test_a_silent_output_is_no_infinite_success(self):
        mic = np.full(RATE, 0.1)
        found = measures.erle(mic, np.zeros(RATE), np.ones(RATE, bool), RATE, 0, 1)
        self.assertAlmostEqual(found, 70, places=3)

    def test_a_lag_is_found(self):
        near = RANDOM.standard_normal(RATE)
        out = np.append(np.zeros(237), near)[:RATE]
        self.assertEqual(measures.lag(near, 0.3 * out, RATE), 237)

    def test_what_is_kept_counts_the_near_end_and_not_what_is_left_over(self):
        near, other = RANDOM.standard_normal((2, 8 * RATE)) * 0.1
        self.assertAlmostEqual(measures.kept(near, near, RATE), 0, places=3)
        self.assertAlmostEqual(measures.kept(near, 0.5 * near, RATE), -6.02, places=1)
        # As loud as the near end, and yet nearly nothing is added.
        self.assertLess(abs(measures.kept(near, near + other, RATE)), 0.5)
        self.assertLess(measures.kept(near, other, RATE), -10)

    def test_false_and_missed_voices_are_shares_of_the_marked_frames(self):
        voiced = np.array([True, False, True, True])
        active = np.array([True, True, False, True])
        self.assertAlmostEqual(measures.false_share(voiced, active), 200 / 3)
        self.assertAlmostEqual(measures.missed_share(voiced, active), 100 / 3)
        self.assertTrue(np.isnan(measures.missed_share(voiced, ~np.ones(4, bool))))

    def test_a_mean_leaves_out_what_was_not_measured(self):
        self.assertEqual(measures.mean([1.0, float("nan"), 3.0, None]), 2.0)
        self.assertTrue(np.isnan(measures.mean([None])))


if __name__ == "__main__":
    unittest.main()
