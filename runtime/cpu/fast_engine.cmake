# The fast engine, lacuna_cpu: oneDNN and OpenMP. The files in kernels/ are compiled once for each instruction set
# and chosen by what the processor has; everything else is built for the plain architecture.
# Not through oneDNN's own package file: Debian's asks for the OpenCL headers, which only its GPU side needs.
find_path(LACUNA_DNNL_INCLUDE_DIR dnnl.hpp REQUIRED)
find_library(LACUNA_DNNL_LIBRARY dnnl REQUIRED)
mark_as_advanced(LACUNA_DNNL_INCLUDE_DIR LACUNA_DNNL_LIBRARY)
find_package(OpenMP REQUIRED)

file(GLOB ops CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ops/*.cpp)
add_library(lacuna_cpu STATIC
  convolution.cpp
  cpu_executor.cpp
  cpu_features.cpp
  cpu_plan.cpp
  graph_compiler.cpp
  packed_filter.cpp
  packed_weight.cpp
  scratch_pool.cpp
  streamed_tile.cpp
  storage_rules.cpp
  tile_product.cpp
  tiled_linear.cpp
  weight_rows.cpp
  weight_store.cpp
  worker_pool.cpp
  ${ops})
target_link_libraries(lacuna_cpu
  PUBLIC lacuna_graph
  PRIVATE lacuna_reference_cpu ${LACUNA_DNNL_LIBRARY} OpenMP::OpenMP_CXX)

target_include_directories(lacuna_cpu SYSTEM PRIVATE ${LACUNA_DNNL_INCLUDE_DIR})

set(isas baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  list(APPEND isas avx2 avx512 avx512_bf16)
  target_compile_definitions(lacuna_cpu PRIVATE LACUNA_X86)
endif()
set(flags_baseline "")
set(flags_avx2 -march=x86-64-v3)
set(flags_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
set(flags_avx512_bf16 ${flags_avx512} -mavx512bf16)

foreach(isa IN LISTS isas)
  add_library(lacuna_cpu_${isa} OBJECT
    kernels/attention.cpp
    kernels/blocks.cpp
    kernels/elementwise.cpp
    kernels/group_moments.cpp
    kernels/panels.cpp
    kernels/rows.cpp
    kernels/stored_panels.cpp
    kernels/table.cpp
    kernels/tiles.cpp)
  # -fno-trapping-math and -fno-math-errno let loops with comparisons and square roots become vectors; results
  # stay those of the source, sums are reordered only where `omp simd reduction` says so.
  target_compile_options(lacuna_cpu_${isa} PRIVATE ${flags_${isa}} $<$<CONFIG:Release,RelWithDebInfo>:-O3>
    -fopenmp-simd -ffp-contract=fast -fno-trapping-math -fno-math-errno)
  target_compile_definitions(lacuna_cpu_${isa} PRIVATE LACUNA_ISA=${isa})
  target_sources(lacuna_cpu PRIVATE $<TARGET_OBJECTS:lacuna_cpu_${isa}>)
endforeach()
