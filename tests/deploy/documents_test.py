# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Commands, configuration keys, links and files that the documents name exist."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import served

SOURCE = served.SOURCE
PAGES = [p for folder in ("", "docs", "docs/runbooks", "deploy", "scripts", "bench", "tests")
         for p in sorted((SOURCE / folder).glob("*.md"))]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def help_of(program, *subcommand):
    done = subprocess.run([served.BIN / program, *subcommand, "--help"], capture_output=True,
                          text=True)
    return done.stdout if done.returncode == 0 else None


class DocumentsTest(unittest.TestCase):
    def test_links_lead_to_files_and_headings(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, heading = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                with self.subTest(page.relative_to(SOURCE).as_posix(), target=target):
                    self.assertTrue(file.exists(), "there is no such file")
                    if heading and file.suffix == ".md":
                        ids = {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-")
                               for h in re.findall(r"^#+ (.*)$", file.read_text(), re.M)}
                        self.assertIn(heading, ids)

    def test_commands_and_their_flags_exist(self):
        """Every `hanga …` and `hangad …` line of a shell block, or in backticks."""
        seen = {}
        for page in PAGES:
            text = page.read_text()
            lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
            lines += re.findall(r"`((?:hanga|hangad) [^`\n]+)`", text)
            for line in lines:
                for program, rest in re.findall(r"(?:^|[|&(] *)(hangad?) ([^|&;#]*)", line):
                    words = rest.split()
                    if not words or "…" in words[0]:
                        continue
                    command = words[0] if re.fullmatch(r"[a-z][a-z-]+", words[0]) else None
                    flags = re.findall(r"(?<!\S)(--[a-z][a-z0-9-]*)", re.sub(r'"[^"]*"', "", rest))
                    seen.setdefault((program, command), {}).setdefault(page.name, set()).update(flags)
        self.assertGreater(len(seen), 10)
        for (program, command), uses in seen.items():
            with self.subTest(f"{program} {command or ''}"):
                own = help_of(program, *([command] if command else []))
                self.assertIsNotNone(own, f"named in {', '.join(uses)}: no such command")
                known = own + help_of(program)
                for page, flags in uses.items():
                    for flag in flags:
                        self.assertIn(flag, known, f"{page} gives {program} {command} {flag}")

    def test_toml_examples_are_sound(self):
        for path in sorted((SOURCE / "deploy").rglob("*.toml")):
            text = path.read_text()
            # Secrets and models of other machines are not here.
            text = re.sub(r"^(token_file|certificate|key|client_ca) =.*$", "", text, flags=re.M)
            if "insecure" not in text:
                text = text.replace("[server]\n", "[server]\ninsecure = true\n", 1)
            with self.subTest(path.relative_to(SOURCE).as_posix()), \
                    tempfile.TemporaryDirectory() as folder:
                config = pathlib.Path(folder) / "hangad.toml"
                config.write_text(text)
                done = subprocess.run([served.BIN / "hangad", "check-config", "--config", config],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_configuration_keys_are_documented_and_documented_ones_exist(self):
        documented = {}
        section = None
        for line in (SOURCE / "docs/configuration.md").read_text().splitlines():
            heading = re.match(r"#+ (\[+[a-z.]+\]+)", line)
            if line.startswith("#"):
                section = heading.group(1).strip("[]") if heading else None
            row = re.match(r"\| (`[^|]*`) \|", line)
            if section and row:
                documented.setdefault(section, set()).update(re.findall(r"`(\w+)`", row.group(1)))
        self.assertGreater(len(documented), 6)
        for section, keys in documented.items():
            known = self.keys_of(section)
            with self.subTest(section):
                self.assertEqual(keys, known)

    def keys_of(self, section):
        """The keys that hangad itself names for an unknown one."""
        table = f"[[{section}]]\nname = 'a'\n" + ("path = 'a'\n" if section == "model" else "") \
            if section in ("model", "tenant") else f"[{section}]\n"
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write(table + "zzzzzzzzzzzz = 1\n")
            config.flush()
            done = subprocess.run([served.BIN / "hangad", "check-config", "--config", config.name],
                                  capture_output=True, text=True)
        known = re.search(r"known keys: (.*)$", done.stderr, re.M)
        self.assertIsNotNone(known, done.stderr)
        return set(known.group(1).split(", ")) - {"tls", "defaults"}


if __name__ == "__main__":
    unittest.main(verbosity=2)
