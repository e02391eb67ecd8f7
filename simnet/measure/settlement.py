"""What a log says about the time between an answer and its finality: what hangs on it, and what settling costs.

A client that acts on an answer at once has its value at risk until the claim is final. One that waits risks nothing,
and pays in time. Values are what clients say their answers are worth to them, or else the fee.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from chain.formats.modes import Mode

if TYPE_CHECKING:
    from simnet.log.tables import Row, Tables
    from simnet.measure.metrics import Figures, Measured

WEI, GWEI_PER_ETHER = 1e18, 1e9


def terms(figures: Figures) -> pd.DataFrame:
    """Answered tasks by id: mode, value (OPG), waits, sent, answered, final (or None), outcome, fraud."""
    said = {row["task"]: row for row in figures.tables.of("terms_set")}
    frame = figures.asked[figures.asked["answered"].notna()].copy()
    tasks = [str(task) for task in frame.index]
    frame["mode"] = [said[task]["mode"] if task in said else "" for task in tasks]
    values = [said[task]["value"] if task in said else None for task in tasks]
    frame["value"] = [
        fee if value is None else int(value) / WEI for value, fee in zip(values, frame["fee"], strict=True)
    ]
    frame["waits"] = [task in said and bool(said[task]["waits"]) for task in tasks]
    return frame


def at_risk(frame: pd.DataFrame, end: float) -> tuple[float, float]:
    """Mean and largest value of answers that clients have acted on and that are not final yet, over the whole run."""
    exposed = frame[~frame["waits"].astype(bool)]
    until = exposed["final"].fillna(end)
    changes = [(at, value) for at, value in zip(exposed["answered"], exposed["value"], strict=True)]
    changes += [(at, -value) for at, value in zip(until, exposed["value"], strict=True)]
    level = most = 0.0
    for _, change in sorted(changes, key=lambda pair: pair[0]):
        level += change
        most = max(most, level)
    mean = float(((until - exposed["answered"]) * exposed["value"]).sum()) / end if end else 0.0
    return mean, most


def effective_latency(figures: Figures) -> pd.Series[Any]:
    """Seconds until a client acts: on the answer, or on its finality if it waits for that."""
    frame = terms(figures)
    waits = frame["waits"].astype(bool)
    acts = frame["answered"].where(~waits, frame["final"].where(frame["outcome"] == "accepted"))
    return acts - frame["sent"]


def gas_by_mode(tables: Tables, finalised: dict[str, int]) -> dict[str, Measured]:
    """Gas of the transactions about batches of each mode, over its inferences that became final."""
    mode_of = {row["task"]: row["mode"] for row in tables.of("terms_set")}
    batch_mode = {row["batch"]: mode_of.get(row["tasks"][0], "") for row in tables.of("batch_built")}
    spent: dict[str, int] = {}
    for row in tables.transactions:
        mode = batch_mode.get(row["subject"], "")
        spent[mode] = spent.get(mode, 0) + row["gas_used"]
    return {
        f"gas_{mode}": (spent.get(mode, 0) / finalised[mode], finalised[mode]) if finalised[mode] else (None, 0)
        for mode in Mode
    }


def prices(tables: Tables) -> Row | None:
    """What the scenario assumes of prices; ``None`` of a log from before there were any."""
    found = tables.of("prices_assumed")
    return found[0] if found else None


def cost(tables: Tables, gas: float | None) -> tuple[float | None, float | None]:
    """What so much gas costs in dollars and in OPG."""
    assumed = prices(tables)
    if assumed is None or gas is None:
        return None, None
    dollars = gas * assumed["gas_price_gwei"] / GWEI_PER_ETHER * assumed["ether_usd"]
    return dollars, dollars / assumed["opg_usd"]


def figures_of(figures: Figures) -> dict[str, Measured]:
    """Metrics of asynchronous settlement."""
    tables, frame = figures.tables, terms(figures)
    end = float(tables.ended.get("t", 0.0))
    mean, most = at_risk(frame, end)
    found: dict[str, Measured] = {
        "value_at_risk_opg": (mean, len(frame)),
        "value_at_risk_max_opg": (most, len(frame)),
    }
    finalised = {}
    for mode in Mode:
        part = frame[frame["mode"] == mode]
        accepted = part[part["outcome"] == "accepted"]
        finalised[mode.value] = len(accepted)
        found[f"value_at_risk_{mode}_opg"] = (at_risk(part, end)[0], len(part)) if len(part) else (None, 0)
        latency = (accepted["final"] - accepted["sent"]).median() if len(accepted) else None
        found[f"finality_{mode}_s"] = (None if latency is None else float(latency), len(accepted))
    lost = frame[frame["fraud"].notna() & ~frame["waits"].astype(bool)]
    found["value_lost_opg"] = (float(lost["value"].sum()), len(lost))
    found.update(gas_by_mode(tables, finalised))
    gas = sum(row["gas_used"] for row in tables.blocks) / figures.finalised if figures.finalised else None
    dollars, opg = cost(tables, gas)
    found["settlement_cost_usd"] = (dollars, figures.finalised)
    found["settlement_cost_opg"] = (opg, figures.finalised)
    return found
