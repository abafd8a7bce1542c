# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP takes up other models, and drops no job."""
import json
import signal
import unittest

import served


class ReloadTest(served.ServedTestCase):
    def models(self, hangad):
        lines = hangad.hanga("models", "--json").stdout.splitlines()
        return {model["name"]: model["state"]
                for model in (json.loads(line)["model"] for line in lines)}

    def reload(self, hangad, text):
        hangad.config.write_text(text)
        hangad.process.send_signal(signal.SIGHUP)

    def test_a_model_comes_and_goes_while_jobs_run(self):
        hangad = self.serve(workers=2, step_ms=50)
        (hangad.folder / "second").mkdir()
        (hangad.folder / "second/model_index.json").write_text(
            json.dumps({"_class_name": "HangaNoopPipeline", "step_ms": 1}))
        job = hangad.submit("--model", "noop", steps=40)
        first = hangad.text()
        self.reload(hangad, first + '[[model]]\nname = "second"\npath = "second"\n')
        self.assertTrue(served.eventually(
            lambda: self.models(hangad).get("models/second") == "MODEL_STATE_USABLE"), hangad.log())
        hangad.hanga("generate", "a boat", "--model", "second", "--steps", "2", "--size", "64x64",
                     "-o", "second.png")
        self.reload(hangad, first)
        self.assertTrue(served.eventually(lambda: "models/second" not in self.models(hangad)))
        refused = hangad.hanga("generate", "a boat", "--model", "second", check=False)
        self.assertEqual(refused.returncode, 4, refused.stderr)
        self.assertEqual(hangad.hanga("watch", job, check=False).returncode, 0, hangad.log())

    def test_a_wrong_file_changes_nothing_and_is_logged(self):
        hangad = self.serve(workers=1)
        self.reload(hangad, hangad.text() + "[server]\nlisten = 7\n")
        self.assertTrue(served.eventually(lambda: "cannot reload" in hangad.log()), hangad.log())
        self.assertEqual(set(self.models(hangad)), {"models/noop"})
        hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "-o", "a.png")
        self.assertIsNone(hangad.process.poll())


if __name__ == "__main__":
    unittest.main(verbosity=2)
