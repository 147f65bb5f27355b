"""`manage.py new_connector NAME`: a connector's folder, the place of its payloads, and red contract tests that lead the way."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from pathlib import Path
from string import Template
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

_NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
_TEMPLATES = Path(__file__).parents[1] / "connector_template"


class Command(BaseCommand):
    help = (
        "Write the folder of a new connector, the place of its payloads, and tests that say what to do next."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="kind of the connector: small letters, digits and _ (bitbucket)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes five files and says what comes next. Raises CommandError, with nothing written."""
        name, root = options["name"], Path(settings.BASE_DIR)
        _check(name, root)
        words = {
            "name": name,
            "class_name": "".join(part.capitalize() for part in name.split("_")),
            "label": " ".join(part.capitalize() for part in name.split("_")),
        }
        for path, template in _files(name, root).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            text = (_TEMPLATES / template).read_text(encoding="utf-8") if template else ""
            path.write_text(Template(text).substitute(words), encoding="utf-8")
            self.stdout.write(f"wrote {path.relative_to(root)}")
        _tidy([path for path in _files(name, root) if path.suffix == ".py"])
        test = f"tests/integrations/connectors/test_{name}_contract.py"
        self.stdout.write(f"Next: python3 dev.py test {test} is red; its tests say what to do, from the top.")
        self.stdout.write(
            f'Last: "{name}": "integrations.connectors.{name}.connector.{words["class_name"]}Connector" into '
            "PORTAL_CONNECTORS of mlops_portal/settings.py. People can choose it from then on."
        )


def _files(name: str, root: Path) -> dict[Path, str]:
    """What is written, and from which template ("": an empty file)."""
    folder, tests = root / "integrations" / "connectors" / name, root / "tests" / "integrations"
    return {
        folder / "__init__.py": "",
        folder / "connector.py": "connector.py.txt",
        folder / "parse.py": "parse.py.txt",
        tests / "payloads" / name / "README.md": "payloads.md.txt",
        tests / "connectors" / f"test_{name}_contract.py": "test_contract.py.txt",
    }


def _tidy(paths: list[Path]) -> None:
    """Order of imports and line breaks depend on how long the name is; ruff is there wherever tests are run."""
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        for command in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
            subprocess.run([str(ruff), *command, *map(str, paths)], check=False)  # noqa: S603 -- our own tool and files


def _check(name: str, root: Path) -> None:
    """Raises CommandError when the name cannot be used, or is used."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CommandError(
            f"{name!r} cannot name a connector: small letters, digits and _, beginning with a letter, 2 to 30 long."
        )
    if not (root / "tests" / "integrations").is_dir():
        raise CommandError("There is no tests/ here. Run this in a clone of the repository.")
    taken = [root / "integrations" / "connectors" / f"{name}.py", *_files(name, root)]
    folder = root / "integrations" / "connectors" / name
    if name in settings.PORTAL_CONNECTORS or folder.exists() or any(path.exists() for path in taken):
        raise CommandError(f"{name!r} is there already. Nothing was written.")
