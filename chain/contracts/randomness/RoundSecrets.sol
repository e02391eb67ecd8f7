// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title RoundSecrets: a secret for each round of the beacon, committed to before any of them is used
/// @notice A node commits to the tip of a hash chain for some round to come. The secret of the next round is the
/// preimage of the tip, that of the round after it the preimage of this, and so on. Who shows the secret of a round
/// shows those of all rounds before, and of none after.
/// @dev A node commits once: else it could shed secrets that it does not like. Showing costs a hash for each round
/// since the last secret shown, so that a node should not let days pass. No secret is shown before its round: who
/// showed one of a round far ahead would make the secrets of the rounds before it so expensive to work out from it that
/// nobody could hold it to them.
library RoundSecrets {
    struct Chain {
        bytes32 link; // the tip, or the last secret shown; 0: never committed
        uint64 round; // of which it is the secret
        uint64 since; // round of the tip, which serves for nothing
    }

    error AlreadyCommitted(address node);
    error EmptyCommitment();
    error RoundHasBegun(uint256 round);
    error WrongSecret(uint256 round);
    error SecretNotShown(uint256 round);
    error RoundToCome(uint256 round);

    /// @notice Commit to the secrets of the rounds after `round`, of which nothing is known yet.
    function commit(Chain storage chain, uint256 round, uint256 currentRound, bytes32 tip) internal {
        if (chain.link != 0) revert AlreadyCommitted(msg.sender);
        if (tip == 0) revert EmptyCommitment();
        if (round <= currentRound) revert RoundHasBegun(round);
        (chain.link, chain.round, chain.since) = (tip, uint64(round), uint64(round));
    }

    /// @notice Check a secret and remember it. One that has been shown before is not looked at again.
    function show(Chain storage chain, uint256 round, uint256 currentRound, bytes32 secret) internal {
        if (round <= chain.round) return;
        if (round > currentRound) revert RoundToCome(round);
        if (chain.link == 0 || _hashed(secret, round - chain.round) != chain.link) revert WrongSecret(round);
        (chain.link, chain.round) = (secret, uint64(round));
    }

    /// @notice The secret of a round that the chain covers, if it has been shown.
    function secretOf(Chain storage chain, uint256 round) internal view returns (bytes32) {
        if (!covers(chain, round) || round > chain.round) revert SecretNotShown(round);
        return _hashed(chain.link, chain.round - round);
    }

    /// @notice Whether the chain has a secret for a round.
    function covers(Chain storage chain, uint256 round) internal view returns (bool) {
        return chain.link != 0 && round > chain.since;
    }

    function _hashed(bytes32 value, uint256 times) private pure returns (bytes32) {
        for (uint256 i; i < times; ++i) value = keccak256(abi.encode(value));
        return value;
    }
}
