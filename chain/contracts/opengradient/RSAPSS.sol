// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title RSASSA-PSS-VERIFY of RFC 8017 for RSA-2048, e = 65537, SHA-256, MGF1-SHA256 and a 32-byte salt
/// @dev An encoded message is eight words: 223 bytes of masked data block, 32 bytes of hash, and 0xbc. Unmasked,
/// the block is one bit too long, 190 zero bytes, a one, and the salt.
library RSAPSS {
    uint256 private constant MODULUS_BYTES = 256;
    uint256 private constant SPKI_BYTES = 294;
    bytes1 private constant TRAILER = 0xbc;

    /// @dev SubjectPublicKeyInfo { rsaEncryption, NULL }, RSAPublicKey { INTEGER of 257 bytes
    bytes32 private constant SPKI_BEGIN = 0x30820122300d06092a864886f70d01010105000382010f003082010a02820101;

    /// @dev INTEGER 65537
    bytes5 private constant SPKI_END = 0x0203010001;

    /// @notice Whether the key in `spki` signed the 32 bytes of `message`. Never reverts.
    /// @param spki DER of SubjectPublicKeyInfo; any key that is not RSA-2048 with e = 65537 has signed nothing
    function verify(bytes memory spki, bytes32 message, bytes memory signature) internal view returns (bool) {
        if (spki.length != SPKI_BYTES || signature.length != MODULUS_BYTES) return false;
        if (_word(spki, 0) != SPKI_BEGIN || spki[32] != 0) return false;
        if (bytes5(_word(spki, SPKI_BYTES - 5)) != SPKI_END) return false;

        bytes memory modulus = new bytes(MODULUS_BYTES);
        assembly ("memory-safe") {
            mcopy(add(modulus, 0x20), add(spki, 0x41), 256)
        }
        if (modulus[0] < 0x80 || !_isLess(signature, modulus)) return false;
        (bool computed, bytes memory encoded) = Math.tryModExp(signature, hex"010001", modulus);
        return computed && _encodes(encoded, sha256(abi.encodePacked(message)));
    }

    /// @dev EMSA-PSS-VERIFY, RFC 8017, section 9.1.2
    function _encodes(bytes memory encoded, bytes32 digest) private pure returns (bool) {
        if (encoded[255] != TRAILER || encoded[0] >= 0x80) return false;
        bytes32 hash = _word(encoded, 223);
        uint256 salt;
        for (uint32 i; i < 7; ++i) {
            uint256 block_ = uint256(_word(encoded, 32 * i) ^ sha256(abi.encodePacked(hash, i)));
            if (i == 0) block_ &= type(uint256).max >> 1;
            if (i < 5 && block_ != 0) return false;
            if (i == 5 && block_ >> 8 != 1) return false;
            salt = i == 5 ? block_ << 248 : salt | block_ >> 8;
        }
        return hash == sha256(abi.encodePacked(bytes8(0), digest, salt));
    }

    /// @dev Both have 256 bytes.
    function _isLess(bytes memory a, bytes memory b) private pure returns (bool) {
        for (uint256 i; i < MODULUS_BYTES; i += 32) {
            (bytes32 x, bytes32 y) = (_word(a, i), _word(b, i));
            if (x != y) return x < y;
        }
        return false;
    }

    /// @dev The 32 bytes from `offset`; what is beyond the end is not checked.
    function _word(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }
}
