# Language level, warnings, build speed, sanitizers. Applies to our own code alone.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(HANGA_CCACHE ccache)
if(HANGA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header is hashed by its sources, so that ccache can reuse what was built with it.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${HANGA_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

find_program(HANGA_MOLD mold)
if(HANGA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Designated initializers leave fields at their defaults on purpose.
set(HANGA_COMPILE_OPTIONS -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(HANGA_SANITIZER)
  # GCC takes what sanitizers add for uses of what is not set.
  add_compile_options(-fsanitize=${HANGA_SANITIZER} -fno-omit-frame-pointer -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${HANGA_SANITIZER})
endif()
