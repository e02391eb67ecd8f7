// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Staking} from "../core/Staking.sol";

/// @title Beacon: a seed per round from the hash chains of full nodes, in the manner of RANDAO
/// @notice A full node commits to the tip of a hash chain and reveals one preimage a round. The seed
/// of a round is known once the round is over, and unknown to anyone while one honest node has yet to reveal.
/// @dev Last-revealer bias: nodes that hold the last k turns of a round know the outcomes of each of the
/// 2^k ways to reveal or withhold, and may pick one; in which order they reveal changes nothing. A withheld reveal
/// costs nothing here. Who reveals is mixed in: a copy of another's chain must not undo its reveals.
contract Beacon {
    struct Chain {
        bytes32 tip; // 0: never joined
        uint256 lastRound; // round in which the node joined or last revealed
    }

    Staking public immutable staking;
    uint256 public immutable genesis;
    uint256 public immutable roundLength;

    mapping(address node => Chain) private _chains;
    mapping(uint256 round => bytes32) private _mixes; // 0: nobody revealed

    event Joined(address indexed node, bytes32 tip);
    event SecretRevealed(uint256 indexed round, address indexed node, bytes32 mix);

    error ZeroRoundLength();
    error NotActiveFullNode(address caller);
    error NotJoined(address node);
    error AlreadyRevealed(address node, uint256 round);
    error WrongPreimage(address node, bytes32 tip);
    error BeforeGenesis(uint256 timestamp, uint256 genesis);
    error SeedNotReady(uint256 round, uint256 currentRound);
    error NoReveals(uint256 round);

    constructor(Staking staking_, uint256 genesis_, uint256 roundLength_) {
        if (roundLength_ == 0) revert ZeroRoundLength();
        staking = staking_;
        genesis = genesis_;
        roundLength = roundLength_;
    }

    modifier onlyActiveFullNode() {
        if (!staking.isActiveAs(msg.sender, Staking.Role.Full)) revert NotActiveFullNode(msg.sender);
        _;
    }

    /// @notice Commit to a hash chain by its tip, or to a new one when the last is used up.
    /// @dev Counts from the next round on: who chose a chain in the round it reveals in could try many.
    function join(bytes32 tip) external onlyActiveFullNode {
        _chains[msg.sender] = Chain(tip, currentRound());
        emit Joined(msg.sender, tip);
    }

    /// @notice Reveal the preimage of the caller's tip, once a round.
    function reveal(bytes32 preimage) external onlyActiveFullNode {
        Chain storage chain = _chains[msg.sender];
        uint256 round = currentRound();
        if (chain.tip == 0) revert NotJoined(msg.sender);
        if (chain.lastRound == round) revert AlreadyRevealed(msg.sender, round);
        if (keccak256(abi.encode(preimage)) != chain.tip) revert WrongPreimage(msg.sender, chain.tip);
        chain.tip = preimage;
        chain.lastRound = round;
        bytes32 mix = _mixes[round] ^ keccak256(abi.encode(msg.sender, preimage));
        _mixes[round] = mix;
        emit SecretRevealed(round, msg.sender, mix);
    }

    /// @notice Seed of a round that is over. A round nobody revealed in has none: its seed would be known beforehand.
    function seedOf(uint256 round) external view returns (bytes32) {
        if (round >= currentRound()) revert SeedNotReady(round, currentRound());
        if (_mixes[round] == 0) revert NoReveals(round);
        return _mixes[round];
    }

    /// @notice Seed of the first round after `round` that somebody revealed in, if such a round is over.
    /// @dev Costs a storage read for each round in between without a reveal.
    function seedAfter(uint256 round) external view returns (bytes32) {
        uint256 current = currentRound();
        for (uint256 next = round + 1; next < current; ++next) {
            if (_mixes[next] != 0) return _mixes[next];
        }
        revert SeedNotReady(round + 1, current);
    }

    /// @notice Round that reveals count for now.
    function currentRound() public view returns (uint256) {
        return roundAt(block.timestamp);
    }

    /// @notice Round of a timestamp; the first is 0.
    function roundAt(uint256 timestamp) public view returns (uint256) {
        if (timestamp < genesis) revert BeforeGenesis(timestamp, genesis);
        return (timestamp - genesis) / roundLength;
    }

    /// @notice What the next preimage of `node` must hash to; 0 when it never joined.
    function tipOf(address node) external view returns (bytes32) {
        return _chains[node].tip;
    }
}
