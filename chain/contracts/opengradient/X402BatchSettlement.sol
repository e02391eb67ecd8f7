// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IDepositCollector} from "./IDepositCollector.sol";

/// @title x402's channels: a payer deposits once, signs cumulative vouchers, and the receiver claims them in batches
/// @notice Our own contract with the ABI and the EIP-712 types of x402's batch-settlement contract, as og-x402 2.15.0
/// has them; not the deployed bytecode, whose source is not in that package. What the ABI leaves open (errors, whether
/// a claim that is overtaken reverts, what a deposit does to a withdrawal) is decided here, and said where it is.
/// @dev `balance` of a channel is what was deposited less what went back to the payer; claims stay within it. So
/// `balance - totalClaimed` is what is neither the receiver's nor, for want of a voucher, yet the payer's again.
contract X402BatchSettlement is EIP712, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct ChannelConfig {
        address payer;
        address payerAuthorizer;
        address receiver;
        address receiverAuthorizer;
        address token;
        uint40 withdrawDelay;
        bytes32 salt;
    }

    struct Voucher {
        ChannelConfig channel;
        uint128 maxClaimableAmount;
    }

    struct VoucherClaim {
        Voucher voucher;
        bytes signature;
        uint128 totalClaimed;
    }

    struct Channel {
        uint128 balance;
        uint128 totalClaimed;
    }

    struct Withdrawal {
        uint128 amount;
        uint40 initiatedAt;
    }

    struct Receiver {
        uint128 totalClaimed;
        uint128 totalSettled;
    }

    uint40 public constant MIN_WITHDRAW_DELAY = 15 minutes;
    uint40 public constant MAX_WITHDRAW_DELAY = 30 days;

    bytes32 public constant CHANNEL_CONFIG_TYPEHASH = keccak256(
        "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,bytes32 salt)"
    );
    bytes32 public constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");
    bytes32 public constant REFUND_TYPEHASH = keccak256("Refund(bytes32 channelId,uint256 nonce,uint128 amount)");
    bytes32 public constant CLAIM_ENTRY_TYPEHASH =
        keccak256("ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)");
    bytes32 public constant CLAIM_BATCH_TYPEHASH = keccak256(
        "ClaimBatch(ClaimEntry[] claims)ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"
    );

    mapping(bytes32 channelId => Channel) public channels;
    mapping(bytes32 channelId => Withdrawal) public pendingWithdrawals;
    mapping(bytes32 channelId => uint256) public refundNonce;
    mapping(address receiver => mapping(address token => Receiver)) public receivers;

    event ChannelFunded(bytes32 indexed channelId, address indexed payer, address indexed receiver, uint128 amount);
    event VoucherClaimed(bytes32 indexed channelId, address indexed receiver, uint128 amount, uint128 totalClaimed);
    event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount);
    event WithdrawInitiated(bytes32 indexed channelId, address indexed payer, uint128 amount);
    event ChannelWithdrawn(bytes32 indexed channelId, address indexed payer, uint128 amount);
    event ChannelRefunded(bytes32 indexed channelId, address indexed payer, uint128 amount);

    error InvalidChannel();
    error InvalidAmount();
    error InvalidCollector();
    error InvalidSignature();
    error InvalidNonce();
    error NotPayer();
    error NotReceiver();
    error ClaimExceedsVoucher();
    error ClaimExceedsBalance();
    error NothingToSettle();
    error NoWithdrawal();
    error WithdrawalPending();
    error WithdrawalTooEarly(uint40 readyAt);

    constructor() EIP712("x402 Batch Settlement", "1") {}

    // -- the payer's money ---------------------------------------------------------------------------------------

    /// @notice Put tokens into a channel. Anybody may send it: the collector has the payer's leave for this channel.
    /// @dev A withdrawal that was begun goes on.
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external
        nonReentrant
    {
        bytes32 channelId = _checked(config);
        if (amount == 0) revert InvalidAmount();
        if (collector.code.length == 0) revert InvalidCollector();
        uint256 before = IERC20(config.token).balanceOf(address(this));
        IDepositCollector(collector).collect(config.payer, config.token, amount, channelId, collectorData);
        if (IERC20(config.token).balanceOf(address(this)) != before + amount) revert InvalidCollector();
        channels[channelId].balance += amount;
        emit ChannelFunded(channelId, config.payer, config.receiver, amount);
    }

    /// @notice Begin to take back what is not claimed. The receiver has `withdrawDelay` seconds to claim what it has.
    /// @dev One at a time: to begin again would only begin the delay anew.
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external {
        bytes32 channelId = getChannelId(config);
        _onlyPayer(config);
        Channel memory channel = channels[channelId];
        if (amount == 0 || amount > channel.balance - channel.totalClaimed) revert InvalidAmount();
        if (pendingWithdrawals[channelId].initiatedAt != 0) revert WithdrawalPending();
        pendingWithdrawals[channelId] = Withdrawal(amount, uint40(block.timestamp));
        emit WithdrawInitiated(channelId, config.payer, amount);
    }

    /// @notice Take what was announced, or what claims have left of it.
    function finalizeWithdraw(ChannelConfig calldata config) external nonReentrant {
        bytes32 channelId = getChannelId(config);
        _onlyPayer(config);
        Withdrawal memory pending = pendingWithdrawals[channelId];
        if (pending.initiatedAt == 0) revert NoWithdrawal();
        uint40 readyAt = pending.initiatedAt + config.withdrawDelay;
        if (block.timestamp < readyAt) revert WithdrawalTooEarly(readyAt);
        delete pendingWithdrawals[channelId];
        uint128 amount = _takeOut(channelId, pending.amount);
        emit ChannelWithdrawn(channelId, config.payer, amount);
        IERC20(config.token).safeTransfer(config.payer, amount);
    }

    // -- the receiver's money ------------------------------------------------------------------------------------

    /// @notice Claim what vouchers promise. For the receivers of all these channels, or their authorizers.
    function claim(VoucherClaim[] calldata voucherClaims) external {
        for (uint256 i; i < voucherClaims.length; ++i) {
            _onlyReceiver(voucherClaims[i].voucher.channel);
            _claim(voucherClaims[i]);
        }
    }

    /// @notice Claim what vouchers promise, on the signature of the one authorizer of all these channels' receivers.
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature) external {
        bytes32 digest = getClaimBatchDigest(voucherClaims);
        address authorizer = voucherClaims[0].voucher.channel.receiverAuthorizer;
        _checkSignature(authorizer, digest, authorizerSignature);
        for (uint256 i; i < voucherClaims.length; ++i) {
            if (voucherClaims[i].voucher.channel.receiverAuthorizer != authorizer) revert InvalidSignature();
            _claim(voucherClaims[i]);
        }
    }

    /// @notice Send a receiver what is claimed for it. Anybody may.
    function settle(address receiver, address token) external nonReentrant {
        Receiver storage account = receivers[receiver][token];
        uint128 amount = account.totalClaimed - account.totalSettled;
        if (amount == 0) revert NothingToSettle();
        account.totalSettled += amount;
        emit Settled(receiver, token, msg.sender, amount);
        IERC20(token).safeTransfer(receiver, amount);
    }

    /// @notice Give the payer back what is not claimed, at once. For the receiver or its authorizer.
    function refund(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        _onlyReceiver(config);
        _refund(config, getChannelId(config), amount);
    }

    /// @notice The same on the receiver's authorizer's signature, which is good once.
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external nonReentrant {
        bytes32 channelId = getChannelId(config);
        if (nonce != refundNonce[channelId]) revert InvalidNonce();
        bytes32 digest = getRefundDigest(channelId, nonce, amount);
        _checkSignature(config.receiverAuthorizer, digest, receiverAuthorizerSignature);
        refundNonce[channelId] = nonce + 1;
        _refund(config, channelId, amount);
    }

    // -- what is signed ------------------------------------------------------------------------------------------

    /// @notice The id of a channel, on this chain.
    function getChannelId(ChannelConfig calldata config) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    CHANNEL_CONFIG_TYPEHASH,
                    config.payer,
                    config.payerAuthorizer,
                    config.receiver,
                    config.receiverAuthorizer,
                    config.token,
                    config.withdrawDelay,
                    config.salt
                )
            )
        );
    }

    /// @notice What a payer signs to owe so much, all told.
    function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, maxClaimableAmount)));
    }

    /// @notice What a receiver's authorizer signs to give back so much.
    function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REFUND_TYPEHASH, channelId, nonce, amount)));
    }

    /// @notice What a receiver's authorizer signs to claim.
    function getClaimBatchDigest(VoucherClaim[] calldata voucherClaims) public view returns (bytes32) {
        if (voucherClaims.length == 0) revert InvalidAmount();
        bytes32[] memory entries = new bytes32[](voucherClaims.length);
        for (uint256 i; i < voucherClaims.length; ++i) {
            VoucherClaim calldata one = voucherClaims[i];
            bytes32 channelId = getChannelId(one.voucher.channel);
            entries[i] = keccak256(
                abi.encode(CLAIM_ENTRY_TYPEHASH, channelId, one.voucher.maxClaimableAmount, one.totalClaimed)
            );
        }
        return _hashTypedDataV4(keccak256(abi.encode(CLAIM_BATCH_TYPEHASH, keccak256(abi.encodePacked(entries)))));
    }

    // -- inside --------------------------------------------------------------------------------------------------

    /// @dev A claim that is no more than what is claimed changes nothing: whoever gets in first must not undo the rest
    /// of a batch.
    function _claim(VoucherClaim calldata one) private {
        ChannelConfig calldata config = one.voucher.channel;
        bytes32 channelId = getChannelId(config);
        Channel storage channel = channels[channelId];
        if (one.totalClaimed > one.voucher.maxClaimableAmount) revert ClaimExceedsVoucher();
        if (one.totalClaimed > channel.balance) revert ClaimExceedsBalance();
        bytes32 digest = getVoucherDigest(channelId, one.voucher.maxClaimableAmount);
        address signer = config.payerAuthorizer == address(0) ? config.payer : config.payerAuthorizer;
        _checkSignature(signer, digest, one.signature);
        if (one.totalClaimed <= channel.totalClaimed) return;
        uint128 amount = one.totalClaimed - channel.totalClaimed;
        channel.totalClaimed = one.totalClaimed;
        receivers[config.receiver][config.token].totalClaimed += amount;
        emit VoucherClaimed(channelId, config.receiver, amount, one.totalClaimed);
    }

    function _refund(ChannelConfig calldata config, bytes32 channelId, uint128 most) private {
        uint128 amount = _takeOut(channelId, most);
        if (amount == 0) revert InvalidAmount();
        emit ChannelRefunded(channelId, config.payer, amount);
        IERC20(config.token).safeTransfer(config.payer, amount);
    }

    /// @dev Takes up to `most` of what is not claimed out of the books.
    function _takeOut(bytes32 channelId, uint128 most) private returns (uint128 amount) {
        Channel storage channel = channels[channelId];
        uint128 free = channel.balance - channel.totalClaimed;
        amount = most < free ? most : free;
        channel.balance -= amount;
    }

    function _checked(ChannelConfig calldata config) private view returns (bytes32) {
        if (
            config.payer == address(0) || config.receiver == address(0) || config.receiverAuthorizer == address(0)
                || config.token == address(0) || config.withdrawDelay < MIN_WITHDRAW_DELAY
                || config.withdrawDelay > MAX_WITHDRAW_DELAY
        ) revert InvalidChannel();
        return getChannelId(config);
    }

    function _onlyPayer(ChannelConfig calldata config) private view {
        if (msg.sender != config.payer && msg.sender != config.payerAuthorizer) revert NotPayer();
    }

    function _onlyReceiver(ChannelConfig calldata config) private view {
        if (msg.sender != config.receiver && msg.sender != config.receiverAuthorizer) revert NotReceiver();
    }

    function _checkSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) revert InvalidSignature();
    }
}
