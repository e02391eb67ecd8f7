// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Charge, Claim, Opening, Voucher, isPlaced, ones, rootOf} from "./Claims.sol";
import {Staking} from "./Staking.sol";

/// @title Settlement: batches of claims, and the fees that hang on them
/// @notice Clients keep OPG in escrow and pay by signed vouchers. A node posts the Merkle root of its
/// claims with the vouchers; the fees stay in the batch until it is final. A verifier contract, set once,
/// says which claims fall. Every wei in here is in a client's escrow, or hangs on an open batch: fees and bounties.
/// @dev Vouchers pay for a node's work at large, not for single claims. What a claim says of its fee is the node's
/// word: a client is refunded no less for it than the price in its own last voucher for the node.
contract Settlement is AccessControl, EIP712 {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @notice What the protocol leaves open. Shares are in basis points, periods in seconds.
    struct Parameters {
        uint16 slashShareBps; // of the node's stake, for each rejected claim
        uint96 slashAmount; // wei of stake, on top of the share, for each rejected claim
        uint16 bountyShareBps; // of what is slashed, to who proved it
        uint16 verifierShareBps; // of the fees earned, to the verifier
        uint32 jailPeriod; // 0: a rejected claim doesn't jail
        uint32 withdrawalDelay; // from a client's request to its withdrawal
        uint32 finalityDelay; // from post to finality, where there is no verifier
        uint32 expiryDelay; // after which anyone may void a batch that nobody settled
    }

    enum Status {
        None,
        Open,
        Final
    }

    struct Batch {
        address node;
        uint40 postedAt;
        uint16 count;
        Status status;
        bytes32 root; // this and what follows is deleted when the batch is final
        bytes32 chargesHash;
        uint128 fees;
        uint128 rejected; // bit i: claim i was proven wrong before the batch was settled
    }

    /// @notice What a client has with a node: how much of its vouchers is charged or forfeited, and its last price.
    struct Debt {
        uint128 redeemed;
        uint128 price;
    }

    /// @notice What a proven claim's slash left for who proved it.
    struct Bounty {
        address prover;
        uint96 amount;
    }

    /// @dev The whole supply of OPG fits 90 bits.
    struct Account {
        uint96 escrow;
        uint96 leaving;
        uint40 leavesAt; // 0: no withdrawal requested
    }

    /// @notice Of contracts that reject claims by proof, whatever the verifier may think of them.
    bytes32 public constant PROVER_ROLE = keccak256("PROVER_ROLE");
    uint16 public constant MAX_CLAIMS = 128;
    uint256 public constant MAX_VOUCHERS = 128;
    uint256 private constant BPS = 10_000;
    bytes32 private constant VOUCHER_TYPEHASH =
        keccak256("Voucher(address client,address node,uint128 cumulative,uint128 price)");
    bytes32 private constant ANSWER_TYPEHASH =
        keccak256("Answer(bytes32 task,bytes32 model,bytes32 inputHash,bytes32 outputHash)");

    IERC20 public immutable opg;
    Staking public immutable staking;
    uint16 private immutable _slashShareBps;
    uint96 private immutable _slashAmount;
    uint16 private immutable _bountyShareBps;
    uint16 private immutable _verifierShareBps;
    uint32 private immutable _jailPeriod;
    uint32 private immutable _withdrawalDelay;
    uint32 private immutable _finalityDelay;
    uint32 private immutable _expiryDelay;

    /// @notice The contract that judges claims; zero where batches become final unjudged.
    address public verifier;

    mapping(address client => Account) private _accounts;
    mapping(address client => mapping(address node => Debt)) private _debts;
    mapping(bytes32 id => Batch) private _batches;
    mapping(bytes32 id => mapping(uint256 index => Bounty)) private _bounties; // held until the batch is final

    event VerifierSet(address verifier);
    event Deposited(address indexed client, uint256 amount);
    event WithdrawalRequested(address indexed client, uint256 amount, uint40 leavesAt);
    event Withdrawn(address indexed client, uint256 amount);
    event VoucherRefused(address indexed client, address indexed node);
    event Underfunded(address indexed client, address indexed node, uint256 missing);
    event BatchPosted(
        bytes32 indexed batch, address indexed node, bytes32 root, uint16 count, uint128 fees, Charge[] charges
    );
    event Equivocation(bytes32 indexed batch, address indexed node, bytes32 task, address prover);
    event ClaimRejected(bytes32 indexed batch, uint16 index, address indexed node, bytes32 task, bytes32 reason);
    event ClaimVoided(bytes32 indexed batch, uint16 index);
    event BatchMalformed(bytes32 indexed batch, address indexed node, address prover);
    /// @notice OPG held since a claim was proven wrong went to who proved it, or to the verifier that found so too.
    event BountyPaid(bytes32 indexed batch, address indexed to, uint256 amount);
    /// @notice OPG of a batch went back into the escrow of a client who had paid it.
    event Refunded(bytes32 indexed batch, address indexed client, uint256 amount);
    event BatchFinal(
        bytes32 indexed batch,
        address indexed node,
        uint16 accepted,
        uint16 rejected,
        uint16 voided,
        uint128 paid,
        uint128 refunded,
        uint128 toVerifier
    );

    error InvalidParameters();
    error VerifierAlreadySet(address verifier);
    error NotVerifier(address caller);
    error ZeroAmount();
    error InsufficientEscrow(address client, uint256 escrow, uint256 needed);
    error NothingToWithdraw(address client);
    error TooEarly(uint256 until);
    error TooLate(uint256 until);
    error NotActiveInferenceNode(address caller);
    error InvalidCount(uint16 count);
    error TooManyVouchers(uint256 count);
    error BatchExists(bytes32 batch);
    error BatchNotOpen(bytes32 batch);
    error InvalidVerdict(uint128 rejected, uint128 voided);
    error InvalidProof(bytes32 batch, uint16 index);
    error UnexpectedOpening(uint16 index);
    error MissingOpenings(uint128 indices);
    error WrongCharges(bytes32 batch);
    error AlreadyRejected(bytes32 batch, uint16 index);
    error WellFormed(bytes32 batch, uint256 position);
    error SameAnswer();
    error WrongSigner(address signer, address node);

    constructor(IERC20 opg_, Staking staking_, Parameters memory p) EIP712("simnet Settlement", "1") {
        if (p.slashShareBps > BPS || p.bountyShareBps > BPS || p.verifierShareBps > BPS) revert InvalidParameters();
        if (p.expiryDelay <= p.finalityDelay) revert InvalidParameters();
        opg = opg_;
        staking = staking_;
        _slashShareBps = p.slashShareBps;
        _slashAmount = p.slashAmount;
        _bountyShareBps = p.bountyShareBps;
        _verifierShareBps = p.verifierShareBps;
        _jailPeriod = p.jailPeriod;
        _withdrawalDelay = p.withdrawalDelay;
        _finalityDelay = p.finalityDelay;
        _expiryDelay = p.expiryDelay;
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
    }

    /// @notice Name the contract that judges claims, once and for ever.
    function setVerifier(address verifier_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (verifier != address(0)) revert VerifierAlreadySet(verifier);
        verifier = verifier_;
        emit VerifierSet(verifier_);
    }

    // ---- escrow ----

    /// @notice Put OPG into the caller's escrow, for vouchers to draw on.
    function deposit(uint256 amount) external {
        if (amount == 0) revert ZeroAmount();
        _accounts[msg.sender].escrow += amount.toUint96();
        emit Deposited(msg.sender, amount);
        opg.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Announce a withdrawal; a new request replaces the last. Vouchers can draw on it until it is taken.
    function requestWithdrawal(uint256 amount) external {
        Account storage account = _accounts[msg.sender];
        if (amount == 0) revert ZeroAmount();
        if (amount > account.escrow) revert InsufficientEscrow(msg.sender, account.escrow, amount);
        account.leaving = uint96(amount);
        account.leavesAt = uint40(block.timestamp) + withdrawalDelay();
        emit WithdrawalRequested(msg.sender, amount, account.leavesAt);
    }

    /// @notice Take what was announced, or what vouchers have left of it.
    function withdraw() external {
        Account storage account = _accounts[msg.sender];
        if (account.leavesAt == 0) revert NothingToWithdraw(msg.sender);
        if (block.timestamp < account.leavesAt) revert TooEarly(account.leavesAt);
        uint256 amount = Math.min(account.leaving, account.escrow);
        account.escrow -= uint96(amount);
        account.leaving = 0;
        account.leavesAt = 0;
        emit Withdrawn(msg.sender, amount);
        opg.safeTransfer(msg.sender, amount);
    }

    // ---- batches ----

    /// @notice Post a batch of `count` claims under `root`, and charge the clients whose vouchers come along.
    /// @dev A client that can't pay, or whose voucher is worth nothing, must not stop the rest: it is charged
    /// what there is, and an event says so.
    /// @param postBy after which the node would rather not have it posted: full blocks and reorgs make transactions
    /// late, and a claim that is late may cost more than it earns
    /// @return id of the batch: the hash of its node and its root
    function postBatch(bytes32 root, uint16 count, Voucher[] calldata vouchers, uint40 postBy)
        external
        returns (bytes32 id)
    {
        if (block.timestamp > postBy) revert TooLate(postBy);
        if (!staking.isActiveAs(msg.sender, Staking.Role.Inference)) revert NotActiveInferenceNode(msg.sender);
        if (count == 0 || count > MAX_CLAIMS) revert InvalidCount(count);
        if (vouchers.length > MAX_VOUCHERS) revert TooManyVouchers(vouchers.length);
        id = keccak256(abi.encode(msg.sender, root));
        Batch storage batch = _batches[id];
        if (batch.status != Status.None) revert BatchExists(id);

        Charge[] memory charges = new Charge[](vouchers.length);
        uint128 fees;
        for (uint256 i; i < vouchers.length; ++i) {
            charges[i] = Charge(vouchers[i].client, _redeem(vouchers[i]));
            fees += charges[i].amount;
        }
        batch.node = msg.sender;
        batch.postedAt = uint40(block.timestamp);
        batch.count = count;
        batch.status = Status.Open;
        batch.root = root;
        batch.chargesHash = keccak256(abi.encode(charges));
        batch.fees = fees;
        emit BatchPosted(id, msg.sender, root, count, fees, charges);
    }

    /// @notice Reject a claim by the node's own signature under another output for the same task, model and input.
    /// @dev Two inputs under one task condemn nobody: a client can ask twice. The fee goes back when the batch is
    /// settled, with those of the other rejected claims, and the bounty is paid then: see `_payBounties`.
    function proveEquivocation(bytes32 id, Opening calldata opening, bytes32 outputHash, bytes calldata signature)
        external
    {
        Batch storage batch = _openBatch(id);
        Claim calldata claim = opening.claim;
        address node = batch.node;
        _checkProof(id, batch.root, batch.count, opening);
        if (claim.outputHash == outputHash) revert SameAnswer();
        bytes32 answer = keccak256(abi.encode(ANSWER_TYPEHASH, claim.task, claim.model, claim.inputHash, outputHash));
        (address signer,,) = ECDSA.tryRecoverCalldata(_hashTypedDataV4(answer), signature);
        if (signer != node) revert WrongSigner(signer, node);

        emit Equivocation(id, node, claim.task, msg.sender);
        _reject(batch, id, claim, msg.sender, "equivocation");
    }

    /// @notice Reject a claim whose evidence was proven bad before a contract that can tell.
    /// @param prover who proved it, and gets the bounty if the verifier does not find the same
    function reject(bytes32 id, Opening calldata opening, address prover, bytes32 reason)
        external
        onlyRole(PROVER_ROLE)
    {
        Batch storage batch = _openBatch(id);
        _checkProof(id, batch.root, batch.count, opening);
        _reject(batch, id, opening.claim, prover, reason);
    }

    /// @notice Reject a batch whose root has a claim in a place where it can't be opened: whose index is not its
    /// position, or not below the batch's count, or whose tree is deeper or flatter than the count says.
    /// @dev Everybody is refunded. Nobody builds such a tree but to hide claims from judgement, so that it costs as
    /// much as if all the claims that a batch may hold were wrong. The bounty is that of one of them: a convict which
    /// denounces itself, under whatever name, gets back no more.
    /// @param position of the claim's leaf: bit i says whether it is on the right of the proof's i-th sibling
    /// @param charges as in the batch's BatchPosted
    function proveMalformed(bytes32 id, Opening calldata opening, uint256 position, Charge[] calldata charges)
        external
    {
        Batch memory batch = _openBatch(id);
        bool found = position >> opening.proof.length == 0 && rootOf(opening, position) == batch.root;
        if (!found) revert InvalidProof(id, opening.claim.index);
        if (position == opening.claim.index && isPlaced(opening, batch.root, batch.count)) {
            revert WellFormed(id, position);
        }
        emit BatchMalformed(id, batch.node, msg.sender);
        _refundAll(id, batch, charges, batch.count);
        uint256 earlier = ones(batch.rejected);
        uint256 bounty = _bountyOn(batch.node, _slashFor(batch.node, earlier, 1));
        _slash(batch.node, _slashFor(batch.node, earlier, MAX_CLAIMS), msg.sender, bounty, "malformed");
        _payBounties(id, batch.rejected, 0);
    }

    /// @notice Make a batch final that no verifier judges. Claims proven wrong meanwhile must be opened.
    function finalise(bytes32 id, Opening[] calldata openings, Charge[] calldata charges) external {
        Batch memory batch = _openBatch(id);
        if (verifier != address(0)) revert NotVerifier(msg.sender);
        if (block.timestamp < batch.postedAt + finalityDelay()) revert TooEarly(batch.postedAt + finalityDelay());
        _settle(id, batch, 0, 0, openings, charges);
        _payBounties(id, batch.rejected, 0);
    }

    /// @notice Make a batch final by the verifier's word.
    /// @param rejected bit i: claim i is wrong, whether proven before or not; its client is refunded, the node slashed
    /// @param voided bit i: claim i could not be judged; its client is refunded
    /// @param openings exactly the claims rejected or voided, those proven wrong earlier included
    /// @param charges as in the batch's BatchPosted; not looked at when nothing is opened
    /// @return sent fees and bounty that went to the verifier
    function settle(
        bytes32 id,
        uint128 rejected,
        uint128 voided,
        Opening[] calldata openings,
        Charge[] calldata charges
    ) external returns (uint256 sent) {
        if (msg.sender != verifier) revert NotVerifier(msg.sender);
        Batch memory batch = _openBatch(id);
        uint128 fresh = rejected & ~batch.rejected;
        sent = _settle(id, batch, fresh, voided & ~batch.rejected, openings, charges);
        sent += _punish(batch.node, ones(batch.rejected), ones(fresh), msg.sender, "fraud");
        sent += _payBounties(id, batch.rejected, rejected);
    }

    /// @notice Refund everybody: the verifier could judge nothing, or nobody settled the batch in time.
    function voidBatch(bytes32 id, Charge[] calldata charges) external {
        Batch memory batch = _openBatch(id);
        uint256 expiry = batch.postedAt + expiryDelay();
        if (msg.sender != verifier && block.timestamp < expiry) revert TooEarly(expiry);
        _refundAll(id, batch, charges, uint16(ones(batch.rejected)));
        _payBounties(id, batch.rejected, 0);
    }

    // ---- parameters, which a contract that builds on this one may take from elsewhere ----

    function slashShareBps() public view virtual returns (uint16) {
        return _slashShareBps;
    }

    function slashAmount() public view virtual returns (uint96) {
        return _slashAmount;
    }

    function bountyShareBps() public view virtual returns (uint16) {
        return _bountyShareBps;
    }

    function verifierShareBps() public view virtual returns (uint16) {
        return _verifierShareBps;
    }

    function jailPeriod() public view virtual returns (uint32) {
        return _jailPeriod;
    }

    function withdrawalDelay() public view virtual returns (uint32) {
        return _withdrawalDelay;
    }

    function finalityDelay() public view virtual returns (uint32) {
        return _finalityDelay;
    }

    function expiryDelay() public view virtual returns (uint32) {
        return _expiryDelay;
    }

    // ---- views ----

    /// @notice What vouchers of `client` can still draw on.
    function escrowOf(address client) external view returns (uint256) {
        return _accounts[client].escrow;
    }

    /// @notice A client's announced withdrawal, and when it may be taken (0: none announced).
    function withdrawalOf(address client) external view returns (uint256 amount, uint40 leavesAt) {
        return (_accounts[client].leaving, _accounts[client].leavesAt);
    }

    /// @notice How much of the vouchers of `client` for `node` has been charged or forfeited.
    function redeemedOf(address client, address node) external view returns (uint256) {
        return _debts[client][node].redeemed;
    }

    /// @notice What each inference of `node` costs `client` at least, by the last voucher that was charged.
    function priceOf(address client, address node) external view returns (uint256) {
        return _debts[client][node].price;
    }

    /// @notice A batch; once it is final, only who posted it, when, how many claims, and that it is.
    function batchOf(bytes32 id) external view returns (Batch memory) {
        return _batches[id];
    }

    // ---- inside ----

    function _redeem(Voucher calldata voucher) private returns (uint128 paid) {
        address client = voucher.client;
        Debt storage debt = _debts[client][msg.sender];
        if (voucher.cumulative <= debt.redeemed || !_isSigned(voucher)) {
            emit VoucherRefused(client, msg.sender);
            return 0;
        }
        Account storage account = _accounts[client];
        uint128 owed = voucher.cumulative - debt.redeemed;
        paid = uint128(Math.min(owed, account.escrow));
        if (paid < owed) emit Underfunded(client, msg.sender, owed - paid);
        if (paid == 0) return 0;
        debt.redeemed += paid;
        debt.price = voucher.price;
        account.escrow -= uint96(paid);
    }

    function _isSigned(Voucher calldata voucher) private view returns (bool) {
        bytes32 content = keccak256(
            abi.encode(VOUCHER_TYPEHASH, voucher.client, msg.sender, voucher.cumulative, voucher.price)
        );
        (address signer, ECDSA.RecoverError fault,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(content), voucher.signature);
        return fault == ECDSA.RecoverError.NoError && signer == voucher.client;
    }

    /// @dev `fresh` are newly rejected; neither they nor `voided` were rejected before.
    function _settle(
        bytes32 id,
        Batch memory batch,
        uint128 fresh,
        uint128 voided,
        Opening[] calldata openings,
        Charge[] calldata charges
    ) private returns (uint128 toVerifier) {
        uint128 fallen = fresh | voided | batch.rejected;
        if (fresh & voided != 0 || fallen >> batch.count != 0) revert InvalidVerdict(fresh, voided);
        uint128 refunded = fallen == 0 ? 0 : _refund(id, batch, fresh, voided, openings, charges);
        if (fallen == 0 && openings.length > 0) revert UnexpectedOpening(openings[0].claim.index);
        _close(id);

        uint128 paid = batch.fees - refunded;
        if (verifier != address(0)) toVerifier = uint128(uint256(paid) * verifierShareBps() / BPS);
        paid -= toVerifier;
        uint16 rejectedCount = uint16(ones(fresh | batch.rejected));
        uint16 voidedCount = uint16(ones(voided));
        uint16 accepted = batch.count - rejectedCount - voidedCount;
        emit BatchFinal(id, batch.node, accepted, rejectedCount, voidedCount, paid, refunded, toVerifier);
        _earned(batch.node, toVerifier);
        if (toVerifier > 0) opg.safeTransfer(verifier, toVerifier);
        if (paid > 0) opg.safeTransfer(batch.node, paid);
    }

    /// @dev Hears what a batch of `node` brought its verifiers. A place for contracts that build on this one.
    function _earned(address node, uint256 toVerifier) internal virtual {}

    /// @dev Openings must cover the fallen claims, each once.
    function _refund(
        bytes32 id,
        Batch memory batch,
        uint128 fresh,
        uint128 voided,
        Opening[] calldata openings,
        Charge[] calldata charges
    ) private returns (uint128 refunded) {
        _checkCharges(id, batch, charges);
        Charge[] memory left = charges;
        uint128 missing = fresh | voided | batch.rejected;
        for (uint256 i; i < openings.length; ++i) {
            Claim calldata claim = openings[i].claim;
            _checkProof(id, batch.root, batch.count, openings[i]);
            uint128 bit = uint128(1) << claim.index;
            if (missing & bit == 0) revert UnexpectedOpening(claim.index);
            missing ^= bit;
            refunded += _refundClaim(id, batch.node, claim, left);
            if (fresh & bit != 0) emit ClaimRejected(id, claim.index, batch.node, claim.task, "fraud");
            else if (voided & bit != 0) emit ClaimVoided(id, claim.index);
        }
        if (missing != 0) revert MissingOpenings(missing);
    }

    /// @dev A client gets back at most what it paid into this batch: the claims are the node's words, and must
    /// not reach into another client's money. What it has not paid yet, it need never pay.
    function _refundClaim(bytes32 id, address node, Claim calldata claim, Charge[] memory left)
        private
        returns (uint128 refund)
    {
        Debt storage debt = _debts[claim.client][node];
        uint128 fee = uint128(Math.max(claim.fee, debt.price));
        for (uint256 i = _next(left, 0, claim.client); i < left.length; i = _next(left, i + 1, claim.client)) {
            uint128 part = uint128(Math.min(left[i].amount, fee - refund));
            left[i].amount -= part;
            refund += part;
        }
        _giveBack(id, claim.client, refund);
        uint256 redeemed = uint256(debt.redeemed) + (fee - refund);
        if (refund < fee) debt.redeemed = uint128(Math.min(redeemed, type(uint128).max));
    }

    /// @dev Position of a client's next charge from `i` on; beyond all if there is none. Unchecked: there are as many
    /// searches as claims that fall, and the largest batch must fit a block.
    function _next(Charge[] memory charges, uint256 i, address client) private pure returns (uint256) {
        assembly ("memory-safe") {
            for { let count := mload(charges) } lt(i, count) { i := add(i, 1) } {
                if eq(mload(mload(add(charges, mul(32, add(i, 1))))), client) { break }
            }
        }
        return i;
    }

    function _giveBack(bytes32 id, address client, uint128 amount) private {
        if (amount == 0) return;
        _accounts[client].escrow += uint96(amount);
        emit Refunded(id, client, amount);
    }

    /// @dev Make a batch final of which nothing stands, with so many claims rejected and the others void.
    function _refundAll(bytes32 id, Batch memory batch, Charge[] calldata charges, uint16 rejected) private {
        _checkCharges(id, batch, charges);
        _close(id);
        for (uint256 i; i < charges.length; ++i) _giveBack(id, charges[i].client, charges[i].amount);
        emit BatchFinal(id, batch.node, 0, rejected, batch.count - rejected, 0, batch.fees, 0);
    }

    /// @dev Reject one claim and slash for it at once. Fee and bounty wait until the batch is settled.
    function _reject(Batch storage batch, bytes32 id, Claim calldata claim, address prover, bytes32 reason) private {
        uint128 bit = uint128(1) << claim.index;
        uint128 earlier = batch.rejected;
        if (earlier & bit != 0) revert AlreadyRejected(id, claim.index);
        batch.rejected = earlier | bit;
        emit ClaimRejected(id, claim.index, batch.node, claim.task, reason);
        uint256 bounty = _punish(batch.node, ones(earlier), 1, address(this), reason);
        _bounties[id][claim.index] = Bounty(prover, uint96(bounty));
    }

    /// @dev The share of each wrong is one of the stake that there was before the first `earlier` of the batch: who
    /// has its wrongs proven one by one loses as much as who has them judged together.
    /// @return bounty sent to `to`
    function _punish(address node, uint256 earlier, uint256 wrongs, address to, bytes32 reason)
        private
        returns (uint256 bounty)
    {
        if (wrongs == 0) return 0;
        uint256 amount = _slashFor(node, earlier, wrongs);
        bounty = _bountyOn(node, amount);
        _slash(node, amount, to, bounty, reason);
    }

    /// @return what of a slash of so much goes to who proved the wrong
    function _bountyOn(address, uint256 amount) internal view virtual returns (uint256) {
        return amount * bountyShareBps() / BPS;
    }

    /// @return stake that so many wrongs cost after `earlier` ones in the same batch
    function _slashFor(address node, uint256 earlier, uint256 wrongs) private view returns (uint256) {
        uint256 slashable = staking.slashableOf(node);
        uint256 left = BPS - Math.min(earlier * slashShareBps(), BPS);
        uint256 base = left == 0 ? 0 : (slashable + earlier * slashAmount()) * BPS / left;
        uint256 share = base * Math.min(wrongs * slashShareBps(), left) / BPS;
        return Math.min(share + wrongs * slashAmount(), slashable);
    }

    function _slash(address node, uint256 amount, address to, uint256 bounty, bytes32 reason) private {
        if (amount > 0) staking.slash(node, amount, to, bounty, reason);
        if (jailPeriod() > 0) staking.jail(node, uint40(block.timestamp) + jailPeriod());
    }

    /// @dev The bounty on a claim that the verifier rejects as well is the verifier's, as if nothing had been proven:
    /// a convict that denounces itself, under whatever name, before it is judged gets nothing back by it.
    /// @param proven claims that fell before the verdict, bit by bit
    /// @param upheld those that the verifier rejects
    /// @return sent to the verifier
    function _payBounties(bytes32 id, uint128 proven, uint128 upheld) private returns (uint256 sent) {
        address prover;
        uint256 due;
        for (uint256 index; proven >> index != 0; ++index) {
            if (proven >> index & 1 == 0) continue;
            Bounty memory bounty = _bounties[id][index];
            delete _bounties[id][index];
            if (upheld >> index & 1 != 0) {
                sent += bounty.amount;
                continue;
            }
            if (bounty.prover != prover) {
                _payBounty(id, prover, due);
                (prover, due) = (bounty.prover, 0);
            }
            due += bounty.amount;
        }
        _payBounty(id, prover, due);
        _payBounty(id, verifier, sent);
    }

    function _payBounty(bytes32 id, address to, uint256 amount) private {
        if (amount == 0) return;
        emit BountyPaid(id, to, amount);
        opg.safeTransfer(to, amount);
    }

    /// @dev The status stays, so that no batch is posted twice.
    function _close(bytes32 id) private {
        Batch storage batch = _batches[id];
        batch.status = Status.Final;
        batch.root = 0;
        batch.chargesHash = 0;
        batch.fees = 0;
        batch.rejected = 0;
    }

    function _openBatch(bytes32 id) private view returns (Batch storage batch) {
        batch = _batches[id];
        if (batch.status != Status.Open) revert BatchNotOpen(id);
    }

    function _checkProof(bytes32 id, bytes32 root, uint16 count, Opening calldata opening) private pure {
        if (!isPlaced(opening, root, count)) revert InvalidProof(id, opening.claim.index);
    }

    function _checkCharges(bytes32 id, Batch memory batch, Charge[] calldata charges) private pure {
        if (keccak256(abi.encode(charges)) != batch.chargesHash) revert WrongCharges(id);
    }
}
