# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP takes up other models, and drops no job; models are loaded and unloaded by hand."""
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


class LoadTest(served.ServedTestCase):
    QUICK = 'heartbeat = "50ms"'

    def loaded_on(self, hangad, model):
        line = hangad.hanga("models", model, "--json").stdout
        return json.loads(line)["model"]["loaded_on"]

    def test_a_model_is_loaded_before_a_job_wants_it_and_given_back(self):
        hangad = self.serve(workers=2, members={"load_ms": 700}, more=self.QUICK)
        self.assertEqual(self.loaded_on(hangad, "noop"), [])
        shown = hangad.hanga("load", "noop", "--worker", "cpu-1").stdout
        self.assertIn("cpu-1 loads noop", shown)
        self.assertTrue(shown.endswith("cpu-1 holds noop\n"), shown)
        self.assertEqual(self.loaded_on(hangad, "noop"), ["workers/cpu-1"])
        hangad.hanga("load", "models/noop")  # of both, of which one holds it already
        self.assertEqual(len(self.loaded_on(hangad, "noop")), 2)

        job = hangad.submit(steps=200)
        shown = hangad.hanga("unload", "noop").stdout
        self.assertEqual(shown.count("gives its memory back"), 2)
        # The one that draws keeps it until it is done.
        self.assertTrue(served.eventually(lambda: len(self.loaded_on(hangad, "noop")) == 1))
        self.assertEqual(hangad.hanga("watch", job, check=False).returncode, 0)
        self.assertTrue(served.eventually(lambda: not self.loaded_on(hangad, "noop")))
        self.assertIn("no worker holds noop", hangad.hanga("unload", "noop").stdout)
        scrape = hangad.scrape()
        self.assertEqual(scrape.sum("hanga_cache_requests_total", cache="model", outcome="hit"), 1)

    def test_what_cannot_be_loaded_is_refused_with_words(self):
        hangad = self.serve(workers=1, more=self.QUICK)
        for arguments, code, words in (
                (("none",), 4, "no such model"), (("noop", "--worker", "cpu-7"), 4, "no such worker")):
            done = hangad.hanga("load", *arguments, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)
        hangad.hanga("drain", "cpu-0")
        done = hangad.hanga("load", "noop", check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no worker takes tasks of models/noop", done.stderr)

    def test_a_start_can_be_watched_while_models_load(self):
        hangad = served.Hangad(workers=1, models=(), more=self.QUICK + '\n[[model]]\nname = "big"\n'
                               'path = "big"\npreload = true\n',
                               prepare=lambda data: self.make_model(data.parent / "big"))
        self.addCleanup(hangad.stop)
        self.assertTrue(served.eventually(
            lambda: "loads models/big for" in served.get(hangad.url("/readyz"))[1]),
            served.get(hangad.url("/readyz"))[1])
        scrape = hangad.scrape()
        self.assertGreater(scrape.sum("hanga_model_loading_seconds", model="big"), 0)
        self.assertRegex(hangad.hanga("workers").stdout, r"loads big, ")
        self.assertRegex(hangad.hanga("top", "--once").stdout, r"loads big, ")
        self.assertTrue(served.eventually(lambda: self.loaded_on(hangad, "big")))
        # The worker's next heartbeat says so too.
        self.assertTrue(served.eventually(
            lambda: "loads" not in served.get(hangad.url("/readyz"))[1]))

    @staticmethod
    def make_model(folder):
        folder.mkdir()
        (folder / "model_index.json").write_text(
            json.dumps({"_class_name": "HangaNoopPipeline", "load_ms": 5000}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
