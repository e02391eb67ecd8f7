// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {Claim, Opening} from "../core/Claims.sol";
import {VANILLA, modeOf} from "../core/Modes.sol";
import {Settlement} from "../core/Settlement.sol";

/// @title SignedEvidence: proofs that a node did not sign the answer behind a claim that owes no more than that
/// @notice The evidence is the signature that the client got with the answer. So who claims another answer than it
/// gave must show a second signature, and that is an equivocation.
contract SignedEvidence {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant ANSWER_TYPEHASH =
        keccak256("Answer(bytes32 task,bytes32 model,bytes32 inputHash,bytes32 outputHash)");

    Settlement public immutable settlement;
    bytes32 private immutable _domain;

    error WrongEvidence(bytes32 evidenceHash);
    error EvidenceIsGood();

    constructor(Settlement settlement_) {
        settlement = settlement_;
        _domain = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH, keccak256("simnet Settlement"), keccak256("1"), block.chainid, address(settlement_)
            )
        );
    }

    /// @notice Prove that a claim of an open batch has no signature of its node, or one under something else.
    function proveBad(bytes32 batch, Opening calldata opening, bytes calldata evidence) external {
        bytes32 fault = faultOf(settlement.batchOf(batch).node, opening.claim, evidence);
        if (fault == 0) revert EvidenceIsGood();
        settlement.reject(batch, opening, msg.sender, fault);
    }

    /// @notice What is wrong with the signature behind a claim; zero if nothing is.
    function faultOf(address node, Claim calldata claim, bytes calldata evidence) public view returns (bytes32 fault) {
        if (modeOf(claim.task) != VANILLA) return 0;
        if (claim.evidenceHash == 0) return "no_evidence";
        if (keccak256(evidence) != claim.evidenceHash) revert WrongEvidence(keccak256(evidence));
        bytes32 answer =
            keccak256(abi.encode(ANSWER_TYPEHASH, claim.task, claim.model, claim.inputHash, claim.outputHash));
        (address signer,,) = ECDSA.tryRecoverCalldata(MessageHashUtils.toTypedDataHash(_domain, answer), evidence);
        if (signer != node) return "bad_signature";
    }
}
