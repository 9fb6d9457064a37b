// SPDX-License-Identifier: Apache-2.0
// jemalloc's settings, read by it before main (jemalloc(3), TUNING): unused pages go back after a second, on a thread
// of its own.
extern "C" const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
