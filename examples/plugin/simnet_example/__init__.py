"""What a third party can add to simnet, one file each."""
