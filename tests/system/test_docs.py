# SPDX-License-Identifier: GPL-2.0-only
"""What the docs say of the tree is so, and what they say of coppice.cfg the parser does."""
import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "tools" / "check" / "walkthrough.py"


def test_every_file_and_function_that_the_docs_name_is_there():
    done = subprocess.run([str(CHECK)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_check_notices_a_function_that_is_gone(tmp_path):
    document = tmp_path / "wrong.md"
    document.write_text("Look at `vmm/main.c:no_such_function` in `vmm/nowhere.c`, `vmm/none/`.\n")
    done = subprocess.run([str(CHECK), str(document)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.count("wrong.md:1:") == 3, done.stdout


def table_keys(text, function):
    """The names in a table of vmm/config: { "name", set_name, ... }."""
    return set(re.findall(rf'{{ "(\w+)", {function}\w+', text))


def test_the_reference_of_coppice_cfg_names_every_key_that_the_parser_knows():
    reference = (ROOT / "docs" / "coppice.cfg.md").read_text()
    keys = table_keys((ROOT / "vmm/config/config.c").read_text(), "set_")
    options = table_keys((ROOT / "vmm/config/vf.c").read_text(), "set_")
    assert len(keys) >= 11 and len(options) >= 8, "the tables were not found"
    missing = [k for k in sorted(keys | options) if f"{k}=" not in reference]
    assert not missing, f"docs/coppice.cfg.md lacks {missing}"


def test_the_reference_of_the_monitor_names_every_command():
    reference = (ROOT / "docs" / "monitor.md").read_text()
    source = (ROOT / "vmm/ui/monitor.c").read_text()
    commands = set(re.findall(r'{ "([a-z]+)",\s+"[^"]*",', source))
    assert len(commands) >= 14, "the table was not found"
    missing = [c for c in sorted(commands) if not re.search(rf"^\| `{c}\b", reference, re.MULTILINE)]
    assert not missing, f"docs/monitor.md lacks {missing}"


def fields(schema, path=""):
    """(path, schema) of every field of the report."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner
        for part in (inner, inner.get("items", {})):
            for alternative in (part, *part.get("anyOf", ())):
                yield from fields(alternative, f"{path}.{name}")


def test_the_schema_is_closed_and_says_what_each_field_means():
    """What is only a number, an address or a Requester ID may leave that to its name."""
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    for path, field in fields({"properties": {"report": schema}}):
        assert "description" in field or "$ref" in field, path
        for part in (field, field.get("items", {})):
            for alternative in (part, *part.get("anyOf", ())):
                if "properties" in alternative:
                    assert alternative["additionalProperties"] is False, path
                    unknown = set(alternative["required"]) - set(alternative["properties"])
                    assert not unknown, f"{path}: {unknown}"
