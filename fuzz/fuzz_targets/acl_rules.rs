#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| judges::acl_rules::judge(data));
