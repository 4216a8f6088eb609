# Everything comes from Debian's packages (scripts/packages.sh installs them).
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(RABBITMQ REQUIRED IMPORTED_TARGET librabbitmq)

find_package(tomlplusplus REQUIRED)

add_library(hiredis ALIAS PkgConfig::HIREDIS)
add_library(rabbitmq ALIAS PkgConfig::RABBITMQ)

add_library(expected INTERFACE)
find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)

add_library(holdfast_boost STATIC ${PROJECT_SOURCE_DIR}/src/boost/separate.cc)
target_link_libraries(holdfast_boost PUBLIC Boost::headers Boost::json Threads::Threads)
target_compile_definitions(holdfast_boost PUBLIC BOOST_ASIO_NO_DEPRECATED
                                                 BOOST_ASIO_SEPARATE_COMPILATION
                                                 BOOST_BEAST_SEPARATE_COMPILATION)
