"""Parameters of strategies in which claims need the evidence of an enclave, and names that go with them."""

from __future__ import annotations

from pydantic import Field

from chain.units import Duration
from nodes.parameters import Parameters

CURRENT, PREVIOUS = "v2", "v1"
"""Images of the enclave; both are approved when a run begins."""


class EnclaveTerms(Parameters):
    """Periods that evidence is held to, and what the registry's guardian does when."""

    quote_age: Duration = Field(default=60.0, description="age that an attestation may have when used (assumption)")
    posting_delay: Duration = Field(default=60.0, description="from an answer to the post of its claim (assumption)")
    notice: Duration = Field(default=60.0, description="for nodes to notice what the guardian did (assumption)")
    heartbeat: Duration = Field(default=900.0, description="from one heartbeat to the next, as on OpenGradient")
    outdated: int = Field(default=0, ge=0, description="inference nodes, the first ones, that run the previous image")
    image_revoked: Duration | None = Field(default=None, description="when the guardian revokes the previous image")
    root_replaced: Duration | None = Field(default=None, description="when vendor and guardian replace a leaked root")
    disable_on_fraud: bool = Field(
        default=True, description="whether the guardian disables an enclave whose answer was found wrong"
    )
