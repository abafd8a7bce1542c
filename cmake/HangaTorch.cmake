# LibTorch from the wheel, and CUDA. We link its libraries directly rather than through
# find_package(Torch), which adds code for its own list of GPU architectures.
set(HANGA_HAVE_TORCH OFF)
set(HANGA_HAVE_CUDA OFF)

if(NOT HANGA_WORKER)
  return()
endif()

set(torch ${HANGA_TORCH})
if(NOT torch)
  file(GLOB torch ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
endif()
if(NOT EXISTS "${torch}/lib/libtorch_cpu.so")
  message(WARNING "LibTorch was not found: hanga-worker is not built. "
                  "Run scripts/setup, or set HANGA_TORCH to the folder of the torch package.")
  return()
endif()
message(STATUS "LibTorch: ${torch}")
set(HANGA_HAVE_TORCH ON)

add_library(hanga_torch INTERFACE)
add_library(hanga::torch ALIAS hanga_torch)
# -idirafter: the wheel carries old protobuf headers, which must not shadow the distribution's.
target_compile_options(hanga_torch INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-idirafter ${torch}/include>"
  "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-idirafter ${torch}/include/torch/csrc/api/include>")
target_link_libraries(hanga_torch INTERFACE
  ${torch}/lib/libtorch_cpu.so ${torch}/lib/libc10.so Threads::Threads)
get_filename_component(site_packages ${torch} DIRECTORY)
file(GLOB nvidia_libraries ${site_packages}/nvidia/*/lib)
target_link_options(hanga_torch INTERFACE -Wl,-rpath,${torch}/lib)
foreach(folder IN LISTS nvidia_libraries)
  target_link_options(hanga_torch INTERFACE -Wl,-rpath,${folder} -Wl,-rpath-link,${folder})
endforeach()

if(NOT HANGA_CUDA OR NOT EXISTS "${torch}/lib/libtorch_cuda.so")
  return()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(STATUS "CUDA: nvcc was not found; kernels are not built")
  return()
endif()
set(CMAKE_CUDA_ARCHITECTURES ${HANGA_CUDA_ARCHITECTURES})
# CMake 3.25 does not know nvcc's C++20 flag; kernels need no more than 17.
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
set(HANGA_HAVE_CUDA ON)
message(STATUS "CUDA: ${CMAKE_CUDA_COMPILER_VERSION} for ${CMAKE_CUDA_ARCHITECTURES}")

add_library(hanga_torch_cuda INTERFACE)
add_library(hanga::torch_cuda ALIAS hanga_torch_cuda)
target_include_directories(hanga_torch_cuda SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(hanga_torch_cuda INTERFACE hanga_torch
  -Wl,--no-as-needed ${torch}/lib/libtorch_cuda.so ${torch}/lib/libc10_cuda.so -Wl,--as-needed
  CUDA::cudart)
