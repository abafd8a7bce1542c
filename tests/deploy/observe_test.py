# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""hanga top, hanga trace and the log of a real hangad."""
import json
import unittest

import served


class ObserveTest(served.ServedTestCase):
    def test_top_shows_workers_and_jobs(self):
        hangad = self.serve(workers=2, step_ms=100)
        running = hangad.submit(steps=30)
        hangad.hanga("drain", "cpu-1")
        screen = hangad.hanga("top", "--once").stdout
        self.assertRegex(screen, r"(?m)^1 of 2 workers ready, ")
        self.assertRegex(screen, r"(?m)^cpu-0 +ready")
        self.assertRegex(screen, r"(?m)^cpu-1 +drain")
        self.assertIn(running.removeprefix("jobs/"), screen)
        hangad.hanga("cancel", running)

    def test_trace_of_a_running_job_has_every_step(self):
        hangad = self.serve(workers=1, step_ms=30)
        job = hangad.submit(steps=12, images=2)
        hangad.hanga("trace", job, "--chrome", "trace.json")
        events = json.loads((hangad.folder / "trace.json").read_text())["traceEvents"]
        spans = [e for e in events if e["ph"] == "X"]
        for image in (0, 1):
            steps = sorted(int(e["name"].split()[1]) for e in spans
                           if e["tid"] == 3 + 3 * image and e["name"].startswith("step"))
            # Those before the first look are not seen.
            self.assertEqual(steps, list(range(steps[0], 13)))
            self.assertLess(steps[0], 12)
        self.assertTrue(all(e["dur"] >= 0 and e["ts"] > 0 for e in spans))
        names = {e["name"] for e in spans}
        self.assertLessEqual({"queued", "running", "denoising"}, names)

    def test_the_log_is_json_with_members(self):
        hangad = self.serve(workers=1, more='[log]\nformat = "json"')
        lines = [json.loads(line) for line in hangad.log().splitlines() if line.startswith("{")]
        self.assertTrue(lines)
        for line in lines:
            self.assertLessEqual({"time", "level", "message"}, set(line))
        started = [line for line in lines if line["message"].startswith("worker started")]
        self.assertEqual(started[0]["worker"], "cpu-0")

    def test_a_secret_that_others_may_read_is_warned_of(self):
        hangad = self.serve(workers=1)
        tokens = hangad.folder / "tokens"
        tokens.write_text("# nobody yet\n")
        text = hangad.text()
        hangad.text = lambda: text.replace("[metrics]", 'token_file = "tokens"\n[metrics]')
        for mode, warned in ((0o640, False), (0o644, True)):
            self.assertEqual(hangad.end(), 0)
            (hangad.folder / "log").unlink()
            tokens.chmod(mode)
            hangad.start()
            self.assertIs("readable by others" in hangad.log(), warned, hangad.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
