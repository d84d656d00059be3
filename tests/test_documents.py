"""What the documents say is there, is there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_every_link_of_the_readme_leads_to_a_tracked_file(target):
    done = subprocess.run(["git", "ls-files", "--error-unmatch", target], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:detector|sdr|api|calibration|deploy)/[^`]*)`", README))))
def test_every_path_of_the_readme_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"\./run ([a-z]+)", README)) - {"test", "prove"}))
def test_every_command_of_the_readme_exists(command):
    assert f"def {command}(" in (ROOT / "wingwatch.py").read_text()
