"""What comes after a sweep: the table, exports, SQL, plots, pages, notebooks, URLs, MLflow."""

import csv
import json
import math

import numpy as np
import pytest
import sweep_project
from click.testing import CliRunner
from sweep_project import RUNS, table

from workbench.cli import main
from workbench.errors import UserError
from workbench.sweep import results, store
from workbench.sweep.plot import summary

SPEC = "blocks:\n  - grid: {n_samples: [1, 2, 3], kind: [haar, gaussian]}\nreplicates: 3\n"


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A project whose sweep has run."""
    folder = tmp_path_factory.mktemp("swept")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        sweep_project.make(folder)
        sweep_project.write_spec(folder, SPEC)
        done = sweep_project.cli("sweep", "small")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def toy(swept, monkeypatch):
    monkeypatch.chdir(swept)
    return swept


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_the_table_is_printed_and_exported(toy, tmp_path):
    shown = run("results", "small")
    assert shown.exit_code == 0 and "18 rows of 18 points" in shown.output and "gaussian" in shown.output
    assert "label" not in shown.output  # what does not vary is left out
    done = run("results", "small", "--csv", tmp_path / "a" / "t.csv", "--parquet", tmp_path / "t.parquet")
    assert done.exit_code == 0, done.output
    with open(tmp_path / "a" / "t.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["total"]) for row in rows] == [row["total"] for row in table(RUNS)]
    assert (tmp_path / "t.parquet").read_bytes() == (RUNS / "results.parquet").read_bytes()
    refused = run("results", "small", "--csv", "pyproject.toml/x.csv")
    assert refused.exit_code == 2 and "cannot write" in refused.output


def test_sql_over_results_and_recorded_tables(toy):
    done = run("results", "small", "--sql", "SELECT kind, sum(total) AS s FROM results GROUP BY kind ORDER BY kind")
    assert done.exit_code == 0 and [line.split() for line in done.output.splitlines()] == [
        ["kind", "s"],
        ["gaussian", "18"],
        ["haar", "18"],
    ]
    joined = 'SELECT count(*) AS n FROM "table" JOIN results USING (key)'
    assert run("results", "small", "--sql", joined).output.split() == ["n", "54"]
    for query, message in (
        ("SELEC 1", "syntax error"),
        ("SELECT nothing FROM results", "nothing"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
        ("COPY results TO 'stolen.csv'", "disabled"),
        ("SET enable_external_access = true", "annot"),
    ):
        done = run("results", "small", "--sql", query)
        assert done.exit_code == 2 and message in done.output and "Traceback" not in done.output, done.output
    assert not list(toy.rglob("stolen.csv"))


def test_the_notebook_of_a_row_opens(toy, monkeypatch):
    opened = []
    monkeypatch.setattr("subprocess.run", lambda command, **options: opened.append(command))
    row = table(RUNS)[2]
    for given in ("2", row["key"][:10]):
        done = run("results", "small", "--open", given)
        assert done.exit_code == 0 and row["notebook"] in done.output, done.output
    assert [command[-1] for command in opened] == [str(toy / RUNS / row["notebook"])] * 2
    assert opened[0][1:3] == ["-m", "jupyterlab"]
    for given, message in (("18", "no row 18; the table has 18 rows"), ("zz", "no point begins with the key 'zz'")):
        done = run("results", "small", "--open", given)
        assert done.exit_code == 2 and message in done.output


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_plot_is_drawn(toy, tmp_path, suffix):
    to = tmp_path / f"p.{suffix}"
    done = run("plot", "small", "--x", "n_samples", "--y", "draw", "--hue", "kind", "--facet", "replicate", "--to", to)
    assert done.exit_code == 0, done.output
    assert to.read_bytes()[:4] in (b"\x89PNG", b"<?xm", b"%PDF")
    assert run("plot", "small", "--table", "table", "--x", "i", "--y", "recorded_n_samples", "--to", to).exit_code == 0


def test_plots_of_what_is_not_there(toy, tmp_path):
    for given, message in (
        (("--x", "n_sampels", "--y", "draw"), "--x 'n_sampels' is not a column. Did you mean 'n_samples'?"),
        (("--x", "n_samples", "--y", "kind"), "--y 'kind' holds no numbers"),
        (("--x", "n_samples", "--y", "draw", "--hue", "key"), "--hue 'key' has 18 values; at most 12"),
        (("--x", "n_samples", "--y", "draw", "--table", "tabel"), "no table 'tabel'. Did you mean 'table'?"),
    ):
        done = run("plot", "small", *given, "--to", tmp_path / "p.png")
        assert done.exit_code == 2 and message in done.output and not (tmp_path / "p.png").exists()


def test_intervals_cover_the_mean_as_often_as_they_say():
    import pandas

    rng = np.random.default_rng(0)
    rows = pandas.DataFrame({"x": np.repeat(np.arange(4000), 3), "y": rng.normal(5.0, 2.0, 12_000)})
    found = summary(rows, "x", "y", [])
    covered = (np.abs(found["mean"] - 5) <= found["half"]).mean()
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 4000)  # a normal quantile would cover 0.81
    single = summary(rows.iloc[::3], "x", "y", [])
    assert single["half"].isna().all() and (single["count"] == 1).all()


def test_html_in_a_parameter_is_text_in_every_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep_project.make(tmp_path)
    evil = "<script>alert(1)</script>"
    sweep_project.write_spec(tmp_path, f"blocks:\n  - grid: {{label: ['{evil}', \"\\e[2J&\"]}}\n")
    assert sweep_project.cli("sweep", "small").returncode == 0
    page = (RUNS / "report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page and "http" not in page.replace("https://arxiv", "")
    assert table(RUNS)[0]["label"] == evil
    shown = run("results", "small").output
    assert "\x1b" not in shown and "script" in shown  # no control sequence reaches the terminal
    assert run("report").exit_code == 2  # a sweep's notebooks are no executed studies of the report
    assert run("run", "toy", "-p", f"label={evil}").exit_code == 0 and run("report").exit_code == 0
    assert "<script" not in (tmp_path / "runs" / "report.html").read_text()


def test_output_at_a_url_and_going_on_from_another_machine(tmp_path, monkeypatch):
    import fsspec

    monkeypatch.chdir(tmp_path)
    sweep_project.make(tmp_path)
    sweep_project.write_spec(tmp_path, SPEC)
    url, files = "memory://bucket/sweep", fsspec.filesystem("memory")
    done = run("sweep", "small", "-o", url, "--pilot", "4")
    assert done.exit_code == 0 and f"Results: {url}/results.parquet" in done.output, done.output
    assert files.exists("/bucket/sweep/results.parquet") and len(files.glob("/bucket/sweep/notebooks/*/*.ipynb")) == 4
    import shutil

    shutil.rmtree(tmp_path / "runs")  # another machine has nothing of it but the URL
    assert "4 done" in run("sweep", "small", "-o", url, "--dry-run").output
    done = run("sweep", "small", "-o", url)
    assert done.exit_code == 0 and "18 of 18 points done" in done.output, done.output
    assert len(files.glob("/bucket/sweep/notebooks/*/*.ipynb")) == 18
    opened = []
    monkeypatch.setattr("subprocess.run", lambda command, **options: opened.append(command))
    first = run("results", "small", "-o", url, "--open", "0")
    assert first.exit_code == 0 and len(opened) == 1, first.output
    files.rm("/bucket", recursive=True)


def test_a_url_that_cannot_be_written_keeps_the_results_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep_project.make(tmp_path)
    sweep_project.write_spec(tmp_path, "blocks:\n  - grid: {n_samples: [1]}\n")
    from fsspec.implementations.memory import MemoryFileSystem

    def refuse(*arguments, **options):
        raise PermissionError("not yours")

    monkeypatch.setattr(MemoryFileSystem, "put_file", refuse)
    done = run("sweep", "small", "-o", "memory://closed")
    assert done.exit_code == 2 and "cannot write memory://closed: not yours; what has run is kept in" in done.output


def test_export_to_mlflow(toy, tmp_path, monkeypatch):
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    done = run("results", "small", "--mlflow", uri)
    assert done.exit_code == 0 and f"18 points exported to {uri}" in done.output, done.output
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("chapter/toy/small")
    runs = client.search_runs([experiment.experiment_id], max_results=100)
    points = {one.data.tags["workbench.key"]: one for one in runs if "workbench.key" in one.data.tags}
    assert len(runs) == 19 and len(points) == 18
    for row in table(RUNS):
        data = points[row["key"]].data
        assert data.metrics["total"] == row["total"] and data.params["n_samples"] == str(row["n_samples"])
    refused = run("results", "small", "--mlflow", "nosuch://server")
    assert refused.exit_code == 2 and "MLflow at nosuch://server" in refused.output


def test_values_of_every_type_reach_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = """import workbench
workbench.record("mixed", n_samples if n_samples < 2 else "text")
workbench.record("number", 1 if n_samples < 2 else 0.5)
workbench.record("flag", n_samples < 2)
workbench.record("nothing", None)
workbench.record("infinite", float("inf") if n_samples < 2 else float("nan"))
workbench.record("large", 2**80)
workbench.record("status", "mine")
if n_samples == 2:
    workbench.record("only_here", 1)"""
    sweep_project.make(tmp_path, body)
    sweep_project.write_spec(tmp_path, "fixed: {sizes: [1, 2]}\nblocks:\n  - grid: {n_samples: [1, 2]}\n")
    assert sweep_project.cli("sweep", "small").returncode == 0
    one, two = table(RUNS)
    assert (one["mixed"], two["mixed"]) == ("1", "text") and (one["number"], two["number"]) == (1.0, 0.5)
    assert one["flag"] is True and one["nothing"] is None and one["sizes"] == "[1, 2]"
    assert one["infinite"] == math.inf and math.isnan(two["infinite"]) and one["large"] == json.dumps(2**80)
    assert one["recorded_status"] == "mine" and one["status"] == "done"
    assert (one["only_here"], two["only_here"]) == (None, 1)


def test_a_damaged_table_is_made_again_from_the_journal(toy):
    before = table(RUNS)
    (toy / RUNS / "results.parquet").write_bytes(b"PAR1 not")
    assert store.read_manifest(toy / RUNS) is None
    assert run("results", "small").exit_code == 0 and table(RUNS) == before


def test_a_table_that_is_not_there(toy):
    with pytest.raises(UserError, match="no table 'tabel'. Did you mean 'table'"):
        results.frame(RUNS, "tabel")
