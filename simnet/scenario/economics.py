"""Scenario sections ``economics`` and ``compute``: what stake, fraud, delay and work cost.

OpenGradient publishes none of these figures: each default is an assumption, and reports say so.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chain.quantities import OPG
from chain.units import Amount, Duration, Share
from nodes.models.arithmetic import Arithmetic
from nodes.parameters import Parameters


class Economics(Parameters):
    """Parameters of the contracts. All of them are assumptions."""

    min_stake_inference: Amount = Field(
        default=1_000 * OPG, gt=0, description="least bond of an inference node (assumption)"
    )
    min_stake_full: Amount = Field(default=1_000 * OPG, gt=0, description="least bond of a full node (assumption)")
    unbonding: Duration = Field(default=604_800.0, description="from unbonding to withdrawal (assumption)")
    slash_share: Share = Field(default=0.1, description="of the bond, lost for a proven fraud (assumption)")
    slash_amount: Amount = Field(default=0, description="lost on top of that share (assumption)")
    bounty_share: Share = Field(default=0.5, description="of what is slashed, to who proved it (assumption)")
    verifier_share: Share = Field(default=0.2, description="of the fees, to full nodes that checked (assumption)")
    jail: Duration = Field(default=600.0, description="how long a slashed node stays out (assumption)")
    withdrawal_delay: Duration = Field(default=3_600.0, description="before clients get escrow back (assumption)")
    finality_delay: Duration = Field(default=60.0, description="before an undisputed batch is final (assumption)")
    gas_price_gwei: float = Field(
        default=0.01, ge=0, le=1e6, description="of a unit of gas on a chain like Base, data fees apart (assumption)"
    )
    ether_usd: float = Field(default=3_000.0, gt=0, le=1e9, description="price of one ether (assumption)")
    opg_usd: float = Field(default=0.1, gt=0, le=1e9, description="price of one OPG (assumption)")
    beacon_round: Duration = Field(default=12.0, ge=1, description="length of a randomness round (assumption)")


class Compute(Parameters):
    """How time and cost of running models are counted."""

    time: Literal["modelled", "measured"] = Field(
        default="modelled", description="from the device's profile, or from this machine's CPU (not reproducible)"
    )
    arithmetic: Arithmetic = Field(
        default="portable",
        description="on CPUs: portable, the same bits on every x86-64 processor, or native, faster and its own",
    )
    price: Amount = Field(default=OPG // 1_000, description="of 1e9 multiply-accumulates (assumption)")
