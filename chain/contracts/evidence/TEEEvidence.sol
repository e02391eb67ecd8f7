// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim, Opening} from "../core/Claims.sol";
import {TEE, modeOf} from "../core/Modes.sol";
import {Settlement} from "../core/Settlement.sol";
import {ITEEVerifier, TEE_VERIFIER} from "../opengradient/ITEEVerifier.sol";
import {TEERegistry} from "../opengradient/TEERegistry.sol";

/// @title TEEEvidence: proofs that what an enclave is said to have stood by, it did not
/// @notice A claim carries the hash of its evidence: an enclave's signature under the answer, and the attestation
/// document that was current then. Whoever has the evidence can prove here that it is bad; the claim falls, and its
/// node is slashed. Evidence that is good cannot be proven bad, and what is proven in time needs no vote.
/// @dev OpenGradient verifies signatures on chain only where somebody asks (TEEBatchVerifier), and rejects nothing
/// by it. Rules and periods here are assumptions. The native verifier takes documents of up to five minutes, so a
/// document can be held against a claim for that long, less the age that it may have had when the claim was made.
contract TEEEvidence {
    struct Parameters {
        uint32 quoteAge; // seconds that a document may be old when it is used
        uint32 postingDelay; // seconds from an answer to the post of its claim
        uint32 notice; // seconds in which a node must notice that its enclave is out of service, or a root replaced
        bool byMode; // whether only claims whose task says so owe evidence
    }

    uint256 public constant DOCUMENT_LIFETIME = 300;
    uint256 private constant EVIDENCE_BYTES = 352;
    ITEEVerifier public constant VERIFIER = TEE_VERIFIER;

    Settlement public immutable settlement;
    TEERegistry public immutable registry;
    uint32 public immutable quoteAge;
    uint32 public immutable postingDelay;
    uint32 public immutable notice;
    bool public immutable byMode;

    error InvalidParameters();
    error WrongEvidence(bytes32 evidenceHash);
    error WrongDocument(bytes32 documentHash);
    error EvidenceIsGood();
    error TooLate(uint256 until);
    error RootReplaced();

    constructor(Settlement settlement_, TEERegistry registry_, Parameters memory p) {
        if (p.quoteAge + p.postingDelay >= DOCUMENT_LIFETIME) revert InvalidParameters();
        settlement = settlement_;
        registry = registry_;
        quoteAge = p.quoteAge;
        postingDelay = p.postingDelay;
        notice = p.notice;
        byMode = p.byMode;
    }

    /// @notice Prove that a claim of an open batch has no evidence, or none that its enclave could have given.
    /// @param evidence enclave's id, time, hash of the attestation document, signature: 352 bytes, if it is well formed
    function proveBad(bytes32 batch, Opening calldata opening, bytes calldata evidence) external {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        bytes32 fault = faultOf(posted.node, posted.postedAt, opening.claim, evidence);
        if (fault == 0) revert EvidenceIsGood();
        settlement.reject(batch, opening, msg.sender, fault);
    }

    /// @notice Prove that the attestation document behind a claim of an open batch is none.
    /// @param document whose hash is in the evidence
    function proveBadQuote(bytes32 batch, Opening calldata opening, bytes calldata evidence, bytes calldata document)
        external
    {
        Claim calldata claim = opening.claim;
        if (!_owes(claim)) revert EvidenceIsGood();
        _checkHash(claim, evidence);
        if (evidence.length != EVIDENCE_BYTES || keccak256(document) != _word(evidence, 2)) {
            revert WrongDocument(keccak256(document));
        }
        uint256 until = claim.answeredAt + DOCUMENT_LIFETIME - quoteAge;
        if (block.timestamp > until) revert TooLate(until);
        uint256 replaced = registry.rootSetAt();
        if (replaced != 0 && replaced + notice >= claim.answeredAt) revert RootReplaced();

        TEERegistry.TEEInfo memory tee = registry.getTEE(_word(evidence, 0));
        (bool valid, bytes32 pcrHash) = VERIFIER.verifyAttestation(
            document, tee.publicKey, tee.tlsCertificate, registry.awsRootCertificate()
        );
        if (valid && pcrHash == tee.pcrHash) revert EvidenceIsGood();
        settlement.reject(batch, opening, msg.sender, "bad_quote");
    }

    /// @notice What is wrong with the evidence behind a claim; zero if nothing is.
    /// @dev An enclave that was put out of service is believed in what it said before, and shortly after.
    function faultOf(address node, uint40 postedAt, Claim calldata claim, bytes calldata evidence)
        public
        view
        returns (bytes32 fault)
    {
        if (!_owes(claim)) return 0;
        if (claim.evidenceHash == 0) return "no_evidence";
        _checkHash(claim, evidence);
        if (evidence.length != EVIDENCE_BYTES) return "malformed_evidence";
        bytes32 teeId = _word(evidence, 0);
        uint256 timestamp = uint256(_word(evidence, 1));
        if (registry.ownerOf(teeId) != node) return "not_its_enclave";
        if (timestamp != claim.answeredAt) return "another_time";
        if (timestamp > postedAt || timestamp + postingDelay < postedAt) return "posted_late";
        uint256 since = registry.outOfServiceSince(teeId, timestamp);
        if (since != 0 && timestamp >= since + notice) return "out_of_service";
        bytes32 message = keccak256(abi.encodePacked(requestHashOf(claim), claim.outputHash, timestamp));
        if (!VERIFIER.verifyRSAPSS(registry.getTEEPublicKey(teeId), message, evidence[96:])) return "bad_signature";
    }

    /// @notice What an enclave signs in the place of a chat request's hash: the task and all that it is about.
    function requestHashOf(Claim calldata claim) public pure returns (bytes32) {
        return keccak256(abi.encode(claim.task, claim.model, claim.inputHash));
    }

    function _owes(Claim calldata claim) private view returns (bool) {
        return !byMode || modeOf(claim.task) == TEE;
    }

    function _checkHash(Claim calldata claim, bytes calldata evidence) private pure {
        if (keccak256(evidence) != claim.evidenceHash) revert WrongEvidence(keccak256(evidence));
    }

    function _word(bytes calldata data, uint256 index) private pure returns (bytes32) {
        return bytes32(data[32 * index:32 * index + 32]);
    }
}
