# Finds libtorch once and wraps it as the target lacuna::torch, so that the flags that Torch asks
# for reach only those who link that target (the trainer and its tests) and nobody else.

# libtorch by its folder alone, without its CMake package: that of a CUDA build looks for the whole
# CUDA toolkit, which a program that only calls torch does not need.
set(LACUNA_TORCH_ROOT "" CACHE PATH
  "Folder with include/ and lib/ of libtorch, or of Python's torch package; empty = find_package")
function(lacuna_torch_from_root)
  foreach(file include/ATen/ATen.h lib/libtorch_cpu.so)
    if(NOT EXISTS "${LACUNA_TORCH_ROOT}/${file}")
      message(FATAL_ERROR "LACUNA_TORCH_ROOT: expected ${LACUNA_TORCH_ROOT}/${file}, found none")
    endif()
  endforeach()
  add_library(lacuna_torch INTERFACE)
  add_library(lacuna::torch ALIAS lacuna_torch)
  target_include_directories(lacuna_torch SYSTEM INTERFACE "${LACUNA_TORCH_ROOT}/include"
    "${LACUNA_TORCH_ROOT}/include/torch/csrc/api/include")
  # Nothing here calls into libtorch_cuda by name; it must be loaded all the same.
  set(libraries "")
  foreach(name torch torch_cpu torch_cuda c10 c10_cuda)
    if(EXISTS "${LACUNA_TORCH_ROOT}/lib/lib${name}.so")
      list(APPEND libraries "${LACUNA_TORCH_ROOT}/lib/lib${name}.so")
    endif()
  endforeach()
  target_link_libraries(lacuna_torch INTERFACE -Wl,--no-as-needed -Wl,--allow-shlib-undefined ${libraries})
  message(STATUS "Torch at ${LACUNA_TORCH_ROOT}: ${libraries}")
endfunction()

# Searches in a scope of its own: TorchConfig.cmake sets many variables.
function(lacuna_find_torch)
  if(TARGET lacuna_torch)
    return()
  endif()
  if(LACUNA_TORCH_ROOT)
    lacuna_torch_from_root()
    return()
  endif()
  find_package(Torch ${ARGN})
  if(NOT TORCH_FOUND AND NOT Torch_FOUND)
    return()
  endif()
  add_library(lacuna_torch INTERFACE)
  add_library(lacuna::torch ALIAS lacuna_torch)
  target_link_libraries(lacuna_torch INTERFACE ${TORCH_LIBRARIES})
  target_include_directories(lacuna_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  separate_arguments(flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
  target_compile_options(lacuna_torch INTERFACE ${flags})
  message(STATUS "Torch ${Torch_VERSION} found: ${Torch_DIR}")
endfunction()

# Declares the option LACUNA_BUILD_TRAINER and finds Torch where it is on.
macro(lacuna_torch_option)
  if(NOT DEFINED LACUNA_BUILD_TRAINER)
    lacuna_find_torch(QUIET)
    set(lacuna_torch_there OFF)
    if(TARGET lacuna_torch)
      set(lacuna_torch_there ON)
    else()
      message(STATUS "Torch not found: lacuna-train is left out (give CMAKE_PREFIX_PATH and "
        "-DLACUNA_BUILD_TRAINER=ON once libtorch is there)")
    endif()
    option(LACUNA_BUILD_TRAINER "Build lacuna-train (needs libtorch)" ${lacuna_torch_there})
  else()
    option(LACUNA_BUILD_TRAINER "Build lacuna-train (needs libtorch)" OFF)
    if(LACUNA_BUILD_TRAINER)
      lacuna_find_torch(REQUIRED)
    endif()
  endif()
endmacro()
