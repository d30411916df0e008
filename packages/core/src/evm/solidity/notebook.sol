// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// Remembers what is written into it, in order, so that a test can count what was executed.
contract Notebook {
    error Refused(uint256 line);

    event Written(address indexed writer, uint256 line, uint256 at);

    uint256[] private lines;
    mapping(uint256 => uint256) public writtenAt;

    function write(uint256 line) external payable {
        lines.push(line);
        // A new second costs a storage slot more than the same one.
        if (writtenAt[block.timestamp] == 0) writtenAt[block.timestamp] = line + 1;
        emit Written(msg.sender, line, block.timestamp);
    }

    /// Fails from a moment on: what is tried before may still fail when it is mined.
    function writeBefore(uint256 line, uint256 deadline) external {
        if (block.timestamp >= deadline) revert Refused(line);
        lines.push(line);
    }

    function refuse(uint256 line) external pure {
        revert Refused(line);
    }

    function read() external view returns (uint256[] memory) {
        return lines;
    }
}
