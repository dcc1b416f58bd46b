from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")  # of Jupyter's own machinery
def test_it_runs_from_top_to_bottom(path: Path) -> None:
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in shown if output.output_type == "error"]
    told = "".join(output.get("text", "") for output in shown if output.output_type == "stream")
    assert "Warning" not in told
    pages = [output.data["text/html"] for output in shown if "<iframe" in output.get("data", {}).get("text/html", "")]
    assert any('src="http://localhost:' in page for page in pages)
    tables = [output.data["text/plain"] for output in shown if "text/plain" in output.get("data", {})]
    assert any("valid_perplexity" in table for table in tables)
