"""A finished sweep as an MLflow experiment: a parent run with the manifest, a nested run for each point."""

import math

from workbench.errors import UserError
from workbench.sweep import store


def export(plan, facts, uri):
    """Write the points of a plan's folder to the tracking server or folder at ``uri``; returns the number of points.

    Parameters that MLflow cannot hold as numbers become text; scalars that are not finite numbers become tags.
    """
    try:
        from mlflow import MlflowException
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.tracking import MlflowClient
    except ImportError:
        raise UserError("--mlflow needs MLflow: pip install 'workbench[mlflow]'") from None
    try:
        client = MlflowClient(tracking_uri=uri)
        name = f"{facts['study']}/{plan.spec.path.stem}"
        experiment = client.get_experiment_by_name(name)
        experiment = experiment.experiment_id if experiment else client.create_experiment(name)
        parent = client.create_run(experiment, run_name=plan.spec.path.stem).info.run_id
        client.log_dict(parent, facts, "manifest.json")
        number = 0
        for key, row in store.executed(plan):
            tags = {"mlflow.parentRunId": parent, "workbench.key": key, "workbench.status": row["status"]}
            numbers = {name: value for name, value in row["scalars"].items() if _is_number(value)}
            tags.update((name, str(value)) for name, value in row["scalars"].items() if name not in numbers)
            run = client.create_run(experiment, run_name=f"{key[:8]}").info.run_id
            client.log_batch(
                run,
                [Metric(name, float(value), 0, 0) for name, value in {**numbers, "seconds": row["seconds"]}.items()],
                [Param(name, str(value)) for name, value in {**row["values"], "replicate": row["replicate"]}.items()],
                [RunTag(name, value) for name, value in tags.items()],
            )
            client.set_terminated(run, "FINISHED" if row["status"] == "done" else "FAILED")
            number += 1
        client.set_terminated(parent)
    except (MlflowException, OSError) as error:
        raise UserError(f"MLflow at {uri}: {' '.join(str(error).split())[:300]}") from None
    return number


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
