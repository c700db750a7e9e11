// All that the program can reach besides its own memory; ../host.ts says what each does. Imported from module "host",
// which is this file's name.

export declare function storeRead(page: i32, into: usize): i32
export declare function storeWrite(page: i32, from: usize, size: i32): void
export declare function random(into: usize, size: i32): void
export declare function sha256(from: usize, size: i32, into: usize): void
export declare function hmac(key: usize, keySize: i32, from: usize, size: i32, into: usize): void
export declare function ctr(key: usize, counter: usize, at: usize, size: i32): void
export declare function makeKey(privateInto: usize, publicInto: usize): void
export declare function sign(privateKey: usize, from: usize, size: i32, into: usize): void
export declare function verify(publicKey: usize, from: usize, size: i32, signature: usize): i32
export declare function agree(privateKey: usize, publicKey: usize, into: usize): i32
