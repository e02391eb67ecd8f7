"""What each event of our contracts says, and in which group readers have it. A test holds this against the ABIs.

Two contracts may have events of one name: a key ``Contract.Event`` goes before ``Event``. The participants that an
event is about are those whose address is among its arguments, its batch is its transaction's subject; `subjects` are
arguments that name tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nodes.records import Description

CONTRACT_EVENTS: Mapping[str, Description] = MappingProxyType(
    {
        # Settlement
        "BatchPosted": Description("batches", "batch {batch:id} of {node:who} posted, {count} claims"),
        "BatchFinal": Description(
            "batches",
            "batch {batch:id} of {node:who} final[, {accepted} accepted][, {rejected} rejected][, {voided} voided]",
        ),
        "ClaimRejected": Description(
            "penalties", "{node:who}'s claim on {task:id} rejected: {reason:text}", subjects=("task",)
        ),
        "BatchMalformed": Description(
            "penalties", "{prover:who} proves that {node:who} hides claims in batch {batch:id}: all of it is rejected"
        ),
        "ClaimVoided": Description("batches", "claim {index} of batch {batch:id} is void"),
        "BountyPaid": Description("money", "{to:who} gets {amount:opg} OPG, the bounty on claims of {batch:id}"),
        "Equivocation": Description(
            "disputes", "{prover:who} proves that {node:who} gave two answers to {task:id}", subjects=("task",)
        ),
        "Deposited": Description("money", "{client:who} pays {amount:opg} OPG into its escrow"),
        "WithdrawalRequested": Description("money", "{client:who} will withdraw {amount:opg} OPG of its escrow"),
        "Settlement.Withdrawn": Description("money", "{client:who} withdraws {amount:opg} OPG from its escrow"),
        "Refunded": Description("money", "{client:who} gets {amount:opg} OPG of {batch:id} back"),
        "VoucherRefused": Description("money", "{client:who}'s voucher for {node:who} is not valid or worth nothing"),
        "Underfunded": Description("money", "{client:who} lacks {missing:opg} OPG of escrow to pay {node:who}"),
        "VerifierSet": Description("governance", "the settlement takes verdicts from {verifier:id}"),
        # Staking
        "Staked": Description("money", "{node:who} stakes {amount:opg} OPG"),
        "Unbonding": Description("money", "{node:who} begins to unbond {amount:opg} OPG"),
        "Staking.Withdrawn": Description("money", "{node:who} withdraws {amount:opg} OPG of stake"),
        "Slashed": Description("penalties", "{node:who} loses {amount:opg} OPG: {reason:text}"),
        "Jailed": Description("penalties", "{node:who} is jailed"),
        "Unjailed": Description("penalties", "{node:who} leaves jail"),
        # OPG
        "Transfer": Description("money", "{value:opg} OPG from {from:who} to {to:who}"),
        "Approval": Description("money", "{owner:who} lets {spender:who} spend {value:opg} OPG"),
        "DelegateChanged": Description("governance", "{delegator:who} delegates its votes to {toDelegate:who}"),
        "DelegateVotesChanged": Description(
            "governance", "{delegate:who} has {newVotes:opg} OPG of votes, {previousVotes:opg} before"
        ),
        "EIP712DomainChanged": Description("governance", "the domain of signatures changed"),
        # Permit2, x402's proxy and channels, InferenceSettlementRelay
        "UnorderedNonceInvalidation": Description("money", "{owner:who} makes Permit2 nonces of its own worthless"),
        "X402PermitTransfer": Description("money", "{from:who} pays {amount:opg} OPG to {to:who} by x402"),
        "ChannelFunded": Description("money", "{payer:who} puts {amount:opg} OPG into channel {channelId:id}"),
        "VoucherClaimed": Description("money", "{receiver:who} claims {amount:opg} OPG of channel {channelId:id}"),
        "Settled": Description("money", "{receiver:who} gets the {amount:opg} OPG that it claimed"),
        "WithdrawInitiated": Description(
            "money", "{payer:who} will withdraw {amount:opg} OPG from channel {channelId:id}"
        ),
        "ChannelWithdrawn": Description("money", "{payer:who} withdraws {amount:opg} OPG from channel {channelId:id}"),
        "ChannelRefunded": Description("money", "{payer:who} gets {amount:opg} OPG of channel {channelId:id} back"),
        "BatchSettlement": Description("tasks", "{batchSize} inferences recorded under {merkleRoot:id}"),
        "IndividualSettlement": Description("tasks", "an inference of {ethAddress:who} recorded"),
        # The inference hub, the native function below it, the scheduler of workflows
        "ModelInferenceEvent": Description("work", "a model was run for a contract, inference {inferenceID:id}"),
        "InferenceResult": Description("tasks", "the inference hub answers"),
        "TaskRegistered": Description("tasks", "{owner:who} has a workflow run every {frequency:span}, task {id}"),
        "TaskUpdated": Description("tasks", "task {id} runs its workflow every {frequency:span}"),
        "TaskStopped": Description("tasks", "task {id} runs its workflow no more"),
        "TaskExecuted": Description("tasks", "task {id} runs its workflow"),
        # ModelRegistry
        "ModelRegistered": Description("run", "{owner:who} registers model {name}, {macs:count} multiply-accumulates"),
        "ModelDeprecated": Description("run", "{owner:who} calls model {model:id} deprecated"),
        # Panels: Committee, Sampling and whatever else votes
        "CommitteeDrawn": Description("duties", "committee of {batch:id}: {members:who}"),
        "Committed": Description("votes", "{member:who} commits to its votes on {batch:id}"),
        "Revealed": Description("votes", "{member:who} reveals its votes on {batch:id}"),
        "Voted": Description("votes", "{member:who} votes on {batch:id}"),
        "Resolved": Description("votes", "the vote on {batch:id} is closed"),
        "Rewarded": Description("money", "{member:who} earns {amount:opg} OPG for {batch:id}"),
        "Sampled": Description("duties", "{claims:bits} claims of {batch:id} drawn to be checked"),
        "Disputed": Description("disputes", "{claims:bits} claims of {batch:id} are disputed"),
        # IndexedCommitment
        "MembersDrawn": Description("duties", "to check {batch:id}: {members:who}"),
        "Submitted": Description("votes", "{member:who} commits to a result of {batch:id}"),
        "Shown": Description("votes", "{member:who} shows its result of {batch:id}"),
        "Agreed": Description("votes", "{seats:bits} members agree on a result of {batch:id}"),
        # Optimistic, and what builds on it
        "ChallengeSealed": Description(
            "disputes", "{challenger:who} seals a challenge of {claims} claims of {batch:id}, bond {bonded:opg} OPG"
        ),
        "Challenged": Description(
            "disputes", "{challenger:who} challenges {claims:bits} claims of {batch:id}, bond {bonded:opg} OPG"
        ),
        "ChallengeDecided": Description(
            "disputes", "{challenger:who}'s challenge of {batch:id}: {won:bits} claims won, {lost:bits} lost"
        ),
        "BondForfeited": Description("disputes", "{challenger:who} loses its bond of {amount:opg} OPG on {batch:id}"),
        "Compensated": Description("money", "{node:who} gets {amount:opg} OPG for a failed challenge of {batch:id}"),
        "Responded": Description("votes", "{node:who} responds to {claims:bits} claims of {batch:id} that call on it"),
        "Inattentive": Description("disputes", "{accuser:who} shows that {node:who} did not verify {batch:id}"),
        "ForcedErrorShown": Description(
            "disputes",
            "{node:who} shows that claim {index} of {batch:id} was a forced error[, found by {challengers}]",
        ),
        # SecretSeed
        "Reported": Description("votes", "{member:who} reports on {batch:id}, {invalid:bits} claims wrong"),
        "EpochPaid": Description("money", "epoch {epoch} pays {paid:opg} OPG for {duties} duties"),
        # Randomness
        "Joined": Description("randomness", "{node:who} commits to its secrets for the beacon"),
        "SecretRevealed": Description("randomness", "{node:who} feeds the beacon, round {round}"),
        "SecretsCommitted": Description("randomness", "{node:who} commits to its secrets of the rounds after {round}"),
        "SecretShown": Description("randomness", "{node:who} shows its secret of round {round}"),
        "SeedCommitted": Description("randomness", "{node:who} commits to its seeds"),
        "SeedShown": Description(
            "randomness", "{node:who} shows its seed of epoch {epoch}: {duties} duties[, {missed} missed]"
        ),
        # Evidence: Attested, Proven
        "Withheld": Description("evidence", "{member:who} got no evidence for {batch:id}"),
        "Pledged": Description("evidence", "{node:who} pledges to prove batch {batch:id}"),
        "ClaimProven": Description(
            "evidence", "{node:who} proves claim {index} of batch {batch:id}", subjects=("task",)
        ),
        # TEERegistry and its verifiers
        "TEERegistered": Description("evidence", "{owner:who} registers enclave {teeId:id}"),
        "TEEEnabled": Description("evidence", "enclave {teeId:id} is in service"),
        "TEEDisabled": Description("evidence", "enclave {teeId:id} is out of service"),
        "HeartbeatReceived": Description("evidence", "enclave {teeId:id} sends a heartbeat"),
        "OHTTPConfigSet": Description("evidence", "enclave {teeId:id} has a key for oblivious HTTP"),
        "HeartbeatMaxAgeSet": Description("governance", "a heartbeat is good for {maxAge:span}"),
        "PCRApproved": Description("governance", "measurements {pcrHash:id} are approved, version {version}"),
        "PCRRevoked": Description("governance", "measurements {pcrHash:id} are revoked"),
        "AWSCertificateUpdated": Description("governance", "the vendor's root is now certificate {certHash:id}"),
        "TEETypeAdded": Description("governance", "enclaves of type {typeId} are called {name}"),
        "RegistryUpdated": Description("governance", "the verifier reads registry {newRegistry:id}"),
        # Delegation
        "GovernedSettlement.Withdrawn": Description("money", "{client:who} withdraws {amount:opg} OPG from its escrow"),
        "DelegatedStaking.Withdrawn": Description("money", "{node:who} takes out {amount:opg} OPG of stake"),
        "CapacitySet": Description("money", "{node:who} takes delegations up to a bond of {capacity:opg} OPG"),
        "CommissionSet": Description("money", "{node:who} asks a commission of {bps} basis points"),
        "Delegated": Description("money", "{delegator:who} puts {amount:opg} OPG behind {node:who}"),
        "Undelegated": Description("money", "{delegator:who} begins to take {amount:opg} OPG from behind {node:who}"),
        "Arrived": Description("money", "{amount:opg} OPG of {delegator:who} arrive behind {node:who}"),
        # Rewards and allocations
        "CapSet": Description("governance", "rewards are at most {bps} basis points of what work brings verifiers"),
        "Endowed": Description("money", "{by:who} adds {amount:opg} OPG to the rewards of epoch {epoch}"),
        "EpochClosed": Description(
            "money", "epoch {epoch} pays {pot:opg} OPG in rewards, {held:opg} OPG are held back"
        ),
        "Claimed": Description("money", "{delegator:who} gets {amount:opg} OPG of the rewards of {node:who}"),
        "SavedSpent": Description("governance", "{to:who} gets {amount:opg} OPG of rewards that were held back"),
        "ERC20Released": Description("money", "{amount:opg} OPG have vested"),
        "EtherReleased": Description("money", "{amount} wei of ether have vested"),
        "OwnershipTransferred": Description("governance", "{newOwner:who} owns what {previousOwner:who} did"),
        # Governance
        "ParametersChanged": Description("governance", "the settlement has new parameters"),
        "VerifierReplaced": Description(
            "governance", "the settlement takes verdicts from {to:id}, no more from {from:id}"
        ),
        "ProposalCreated": Description("governance", "{proposer:who} proposes: {description}"),
        "ProposalCanceled": Description("governance", "proposal {proposalId} is cancelled"),
        "ProposalQueued": Description("governance", "proposal {proposalId} waits in the timelock"),
        "ProposalExecuted": Description("governance", "proposal {proposalId} takes effect"),
        "ProposalExtended": Description("governance", "the vote on {proposalId} goes on: its quorum came late"),
        "VoteCast": Description("governance", "{voter:who} votes with {weight:opg} OPG: {support}"),
        "VoteCastWithParams": Description("governance", "{voter:who} votes with {weight:opg} OPG: {support}"),
        "LateQuorumVoteExtensionSet": Description(
            "governance", "a late quorum lengthens a vote by {newVoteExtension:span}"
        ),
        "ProposalThresholdSet": Description("governance", "a proposer needs {newProposalThreshold:opg} OPG of votes"),
        "QuorumNumeratorUpdated": Description("governance", "the quorum is {newQuorumNumerator} % of the supply"),
        "TimelockChange": Description("governance", "the governor acts by way of {newTimelock:id}"),
        "VotingDelaySet": Description("governance", "votes count as of {newVotingDelay:span} after the proposal"),
        "VotingPeriodSet": Description("governance", "a vote lasts {newVotingPeriod:span}"),
        "CallScheduled": Description("governance", "the timelock will call {target:id} in {delay:span}"),
        "CallExecuted": Description("governance", "the timelock calls {target:id}"),
        "CallSalt": Description("governance", "operation {id:id} of the timelock has a salt"),
        "Cancelled": Description("governance", "operation {id:id} of the timelock is cancelled"),
        "MinDelayChange": Description("governance", "the timelock waits {newDuration:span}"),
        # Roles
        "RoleGranted": Description("governance", "{account:who} is given role {role:id}"),
        "RoleRevoked": Description("governance", "role {role:id} is taken from {account:who}"),
        "RoleAdminChanged": Description("governance", "role {newAdminRole:id} now grants role {role:id}"),
    }
)


def of_event(contract: str, event: str) -> Description | None:
    """The description of a contract's event; ``None`` of a contract that is not ours."""
    return CONTRACT_EVENTS.get(f"{contract}.{event}") or CONTRACT_EVENTS.get(event)
