# Warnings are errors in our own code; sanitizers and hardening as the preset asks.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these in coroutine frames and in Boost's inlined code.
  add_compile_options(-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow
                      -Wno-stringop-overread -Wno-restrict -Wno-mismatched-new-delete -Wno-dangling-pointer)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fcoroutines>)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()

if(CMAKE_UNITY_BUILD)
  # Said of every type that a file keeps to itself once that file is included in another.
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()

if(HOLDFAST_SANITIZE)
  add_compile_options(-fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HOLDFAST_SANITIZE})
  if(HOLDFAST_SANITIZE MATCHES "undefined")
    # Both check each access to a member, a third of what it takes to compile the tests. A null pointer
    # that is followed ends under AddressSanitizer as well; x86-64 and AArch64 read unaligned.
    add_compile_options(-fno-sanitize=null,alignment)
  endif()
  if(HOLDFAST_SANITIZE MATCHES "thread")
    # GCC warns that fences are not modelled; Asio's schedulers synchronise by mutexes as well.
    add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-tsan>)
  endif()
endif()

if(HOLDFAST_HARDENING)
  # OpenSSF Compiler Options Hardening Guide for C and C++.
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS
                      -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
                      -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
                      -ftrivial-auto-var-init=zero -Wformat -Wformat=2 -Werror=format-security
                      -fPIE)
  add_link_options(-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen
                   -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)
endif()

if(HOLDFAST_FAULT_POINTS)
  add_compile_definitions(HOLDFAST_FAULT_POINTS=1)
endif()

if(HOLDFAST_DEFECTS)
  add_compile_definitions(HOLDFAST_DEFECTS=1)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # ccache takes precompiled headers only when told so.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
find_program(LLD ld.lld)
if(LLD AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
  add_link_options(-fuse-ld=lld)
endif()
