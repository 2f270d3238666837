/* A Vulkan layer for tests: it lies between the loader and the driver, and makes calls fail.
 *
 * FAULT_LOG=FILE       each call that could fail is a line of FILE: its name, and the number of the
 *                      device that it was made on, from 0, in the order of opening; "-" before one
 *                      is open. A call that was made to fail has a third word: the result.
 * FAULT=CALL:N:RESULT  the N-th such call, counted from 1, returns RESULT, a number of VkResult,
 *                      and the driver never hears of it. With N+ all later ones do, too. A device
 *                      that is lost so (VK_ERROR_DEVICE_LOST) stays lost: what waits or submits on
 *                      it returns the same from then on.
 * FAULT_DEVICE=K       only calls on device K are counted.
 * FAULT_CARD=1         every device says that it is a card with memory of its own, so that
 *                      `--device auto` takes a software one.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))
#define DEVICES 16

/* Calls on a device that return a VkResult: whether they tell that a device is lost, name,
 * parameters, arguments. The first argument is the device, or a queue or command buffer of it. */
#define CALLS(X) \
    X(false, AllocateMemory, \
        (VkDevice d, const VkMemoryAllocateInfo *i, const VkAllocationCallbacks *a, VkDeviceMemory *o), \
        (d, i, a, o)) \
    X(false, BindBufferMemory, \
        (VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize s), \
        (d, b, m, s)) \
    X(false, MapMemory, \
        (VkDevice d, VkDeviceMemory m, VkDeviceSize s, VkDeviceSize n, VkMemoryMapFlags f, void **o), \
        (d, m, s, n, f, o)) \
    X(false, FlushMappedMemoryRanges, \
        (VkDevice d, uint32_t n, const VkMappedMemoryRange *r), \
        (d, n, r)) \
    X(false, InvalidateMappedMemoryRanges, \
        (VkDevice d, uint32_t n, const VkMappedMemoryRange *r), \
        (d, n, r)) \
    X(false, CreateBuffer, \
        (VkDevice d, const VkBufferCreateInfo *i, const VkAllocationCallbacks *a, VkBuffer *o), \
        (d, i, a, o)) \
    X(false, CreateShaderModule, \
        (VkDevice d, const VkShaderModuleCreateInfo *i, const VkAllocationCallbacks *a, VkShaderModule *o), \
        (d, i, a, o)) \
    X(false, CreatePipelineLayout, \
        (VkDevice d, const VkPipelineLayoutCreateInfo *i, const VkAllocationCallbacks *a, VkPipelineLayout *o), \
        (d, i, a, o)) \
    X(false, CreateComputePipelines, \
        (VkDevice d, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i, const VkAllocationCallbacks *a, VkPipeline *o), \
        (d, c, n, i, a, o)) \
    X(false, CreatePipelineCache, \
        (VkDevice d, const VkPipelineCacheCreateInfo *i, const VkAllocationCallbacks *a, VkPipelineCache *o), \
        (d, i, a, o)) \
    X(false, GetPipelineCacheData, \
        (VkDevice d, VkPipelineCache c, size_t *n, void *o), \
        (d, c, n, o)) \
    X(false, CreateDescriptorSetLayout, \
        (VkDevice d, const VkDescriptorSetLayoutCreateInfo *i, const VkAllocationCallbacks *a, VkDescriptorSetLayout *o), \
        (d, i, a, o)) \
    X(false, CreateDescriptorPool, \
        (VkDevice d, const VkDescriptorPoolCreateInfo *i, const VkAllocationCallbacks *a, VkDescriptorPool *o), \
        (d, i, a, o)) \
    X(false, AllocateDescriptorSets, \
        (VkDevice d, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *o), \
        (d, i, o)) \
    X(false, CreateCommandPool, \
        (VkDevice d, const VkCommandPoolCreateInfo *i, const VkAllocationCallbacks *a, VkCommandPool *o), \
        (d, i, a, o)) \
    X(false, AllocateCommandBuffers, \
        (VkDevice d, const VkCommandBufferAllocateInfo *i, VkCommandBuffer *o), \
        (d, i, o)) \
    X(false, BeginCommandBuffer, \
        (VkCommandBuffer d, const VkCommandBufferBeginInfo *i), \
        (d, i)) \
    X(false, EndCommandBuffer, \
        (VkCommandBuffer d), \
        (d)) \
    X(false, ResetCommandPool, \
        (VkDevice d, VkCommandPool p, VkCommandPoolResetFlags f), \
        (d, p, f)) \
    X(false, CreateFence, \
        (VkDevice d, const VkFenceCreateInfo *i, const VkAllocationCallbacks *a, VkFence *o), \
        (d, i, a, o)) \
    X(false, ResetFences, \
        (VkDevice d, uint32_t n, const VkFence *f), \
        (d, n, f)) \
    X(false, CreateSemaphore, \
        (VkDevice d, const VkSemaphoreCreateInfo *i, const VkAllocationCallbacks *a, VkSemaphore *o), \
        (d, i, a, o)) \
    X(false, CreateQueryPool, \
        (VkDevice d, const VkQueryPoolCreateInfo *i, const VkAllocationCallbacks *a, VkQueryPool *o), \
        (d, i, a, o)) \
    X(true, QueueSubmit, \
        (VkQueue d, uint32_t n, const VkSubmitInfo *i, VkFence f), \
        (d, n, i, f)) \
    X(true, QueueWaitIdle, \
        (VkQueue d), \
        (d)) \
    X(true, DeviceWaitIdle, \
        (VkDevice d), \
        (d)) \
    X(true, WaitForFences, \
        (VkDevice d, uint32_t n, const VkFence *f, VkBool32 w, uint64_t t), \
        (d, n, f, w, t)) \
    X(true, GetFenceStatus, \
        (VkDevice d, VkFence f), \
        (d, f)) \
    X(true, WaitSemaphores, \
        (VkDevice d, const VkSemaphoreWaitInfo *i, uint64_t t), \
        (d, i, t)) \
    X(true, GetSemaphoreCounterValue, \
        (VkDevice d, VkSemaphore s, uint64_t *o), \
        (d, s, o))

/* A device: what the driver does, and whether the device was lost. */
struct device {
    void *key;
    VkDevice handle;
    bool lost;
    PFN_vkGetDeviceProcAddr get;
#define FIELD(LOSABLE, NAME, PARAMETERS, ARGUMENTS) PFN_vk##NAME NAME;
    CALLS(FIELD)
#undef FIELD
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct device devices[DEVICES];
static int opened;
static unsigned counted;
/* The next in the chain below, of the instance that was made last. */
static VkInstance instance;
static struct {
    PFN_vkGetInstanceProcAddr get;
    PFN_vkEnumeratePhysicalDevices EnumeratePhysicalDevices;
    PFN_vkEnumerateDeviceExtensionProperties EnumerateDeviceExtensionProperties;
    PFN_vkGetPhysicalDeviceProperties GetPhysicalDeviceProperties;
    PFN_vkGetPhysicalDeviceProperties2 GetPhysicalDeviceProperties2;
} next;

/* Objects of one device begin with the same pointer. A device that is opened where a closed one
 * was has its pointer, and is the later in the list. */
static struct device *device_of(const void *object) {
    void *key = *(void *const *)object;
    for (int k = opened - 1; k >= 0; k--)
        if (devices[k].key == key) return &devices[k];
    abort();
}

/* Writes the call down. Whether it has to fail, and how. */
static bool fails(const char *call, const struct device *device, VkResult *result) {
    pthread_mutex_lock(&lock);
    const char *fault = getenv("FAULT"), *log = getenv("FAULT_LOG"), *only = getenv("FAULT_DEVICE");
    long number = device ? device - devices : -1;
    size_t length = strlen(call);
    bool does = false;
    if (fault && strncmp(fault, call, length) == 0 && fault[length] == ':' &&
        (!only || atol(only) == number)) {
        char *end;
        unsigned long wanted = strtoul(fault + length + 1, &end, 10);
        counted++;
        does = counted == wanted || (*end == '+' && counted > wanted);
        if (*end == '+') end++;
        *result = atoi(end + 1);
    }
    FILE *file = log ? fopen(log, "a") : NULL;
    if (file) {
        if (device) fprintf(file, "%s %ld", call, number);
        else fprintf(file, "%s -", call);
        if (does) fprintf(file, " %d", *result);
        fputc('\n', file);
        fclose(file);
    }
    pthread_mutex_unlock(&lock);
    return does;
}

/* The device is lost once it has done what was submitted to it: whoever takes a loss for the end of
 * all work frees what the driver would still be at. */
static VkResult lose(struct device *device) {
    device->DeviceWaitIdle(device->handle);
    device->lost = true;
    return VK_ERROR_DEVICE_LOST;
}

#define WRAPPER(LOSABLE, NAME, PARAMETERS, ARGUMENTS) \
    static VKAPI_ATTR VkResult VKAPI_CALL fault_##NAME PARAMETERS { \
        struct device *device = device_of(d); \
        VkResult result; \
        if (fails("vk" #NAME, device, &result)) \
            return result == VK_ERROR_DEVICE_LOST ? lose(device) : result; \
        return LOSABLE && device->lost ? VK_ERROR_DEVICE_LOST : device->NAME ARGUMENTS; \
    }
CALLS(WRAPPER)
#undef WRAPPER

/* The link of this layer in the chain that the loader hands to those who create something. */
static VkLayerInstanceCreateInfo *instance_link(const VkInstanceCreateInfo *info) {
    VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO &&
                     link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerInstanceCreateInfo *)link->pNext;
    return link;
}

static VkLayerDeviceCreateInfo *device_link(const VkDeviceCreateInfo *info) {
    VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO &&
                     link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerDeviceCreateInfo *)link->pNext;
    return link;
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_CreateInstance(
    const VkInstanceCreateInfo *info, const VkAllocationCallbacks *memory, VkInstance *made) {
    VkResult result;
    if (fails("vkCreateInstance", NULL, &result)) return result;
    VkLayerInstanceCreateInfo *link = instance_link(info);
    if (!link) return VK_ERROR_INITIALIZATION_FAILED;
    PFN_vkGetInstanceProcAddr get = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    PFN_vkCreateInstance create = (PFN_vkCreateInstance)get(VK_NULL_HANDLE, "vkCreateInstance");
    result = create(info, memory, made);
    if (result != VK_SUCCESS) return result;
    instance = *made;
    next.get = get;
#define NEXT(NAME) next.NAME = (PFN_vk##NAME)get(instance, "vk" #NAME);
    NEXT(EnumeratePhysicalDevices)
    NEXT(EnumerateDeviceExtensionProperties)
    NEXT(GetPhysicalDeviceProperties)
    NEXT(GetPhysicalDeviceProperties2)
#undef NEXT
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_EnumeratePhysicalDevices(
    VkInstance own, uint32_t *count, VkPhysicalDevice *found) {
    VkResult result;
    if (fails("vkEnumeratePhysicalDevices", NULL, &result)) return result;
    return next.EnumeratePhysicalDevices(own, count, found);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_EnumerateDeviceExtensionProperties(
    VkPhysicalDevice own, const char *layer, uint32_t *count, VkExtensionProperties *found) {
    VkResult result;
    if (fails("vkEnumerateDeviceExtensionProperties", NULL, &result)) return result;
    return next.EnumerateDeviceExtensionProperties(own, layer, count, found);
}

static void disguise(VkPhysicalDeviceProperties *properties) {
    if (getenv("FAULT_CARD")) properties->deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

static VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceProperties(
    VkPhysicalDevice own, VkPhysicalDeviceProperties *properties) {
    next.GetPhysicalDeviceProperties(own, properties);
    disguise(properties);
}

static VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceProperties2(
    VkPhysicalDevice own, VkPhysicalDeviceProperties2 *properties) {
    next.GetPhysicalDeviceProperties2(own, properties);
    disguise(&properties->properties);
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_CreateDevice(
    VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *memory,
    VkDevice *made) {
    VkResult result;
    if (fails("vkCreateDevice", NULL, &result)) return result;
    VkLayerDeviceCreateInfo *link = device_link(info);
    if (!link || opened == DEVICES) return VK_ERROR_INITIALIZATION_FAILED;
    PFN_vkGetDeviceProcAddr get = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    PFN_vkGetInstanceProcAddr of_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    PFN_vkCreateDevice create = (PFN_vkCreateDevice)of_instance(instance, "vkCreateDevice");
    result = create(physical, info, memory, made);
    if (result != VK_SUCCESS) return result;
    pthread_mutex_lock(&lock);
    struct device *device = &devices[opened];
    device->key = *(void **)*made;
    device->handle = *made;
    device->get = get;
#define FIELD(LOSABLE, NAME, PARAMETERS, ARGUMENTS) \
    device->NAME = (PFN_vk##NAME)get(*made, "vk" #NAME);
    CALLS(FIELD)
#undef FIELD
    opened++;
    pthread_mutex_unlock(&lock);
    return result;
}

/* What stands in for the call `name`, if anything does. */
static PFN_vkVoidFunction own_function(const char *name) {
#define OF_INSTANCE(NAME) \
    if (strcmp(name, "vk" #NAME) == 0) return (PFN_vkVoidFunction)fault_##NAME;
    OF_INSTANCE(CreateInstance)
    OF_INSTANCE(CreateDevice)
    OF_INSTANCE(EnumeratePhysicalDevices)
    OF_INSTANCE(EnumerateDeviceExtensionProperties)
    OF_INSTANCE(GetPhysicalDeviceProperties)
    OF_INSTANCE(GetPhysicalDeviceProperties2)
#undef OF_INSTANCE
#define OF_DEVICE(LOSABLE, NAME, PARAMETERS, ARGUMENTS) \
    if (strcmp(name, "vk" #NAME) == 0) return (PFN_vkVoidFunction)fault_##NAME;
    CALLS(OF_DEVICE)
#undef OF_DEVICE
    return NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL fault_GetDeviceProcAddr(
    VkDevice own, const char *name) {
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)fault_GetDeviceProcAddr;
    PFN_vkVoidFunction function = own_function(name);
    return function ? function : device_of(own)->get(own, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL fault_GetInstanceProcAddr(
    VkInstance own, const char *name) {
    if (strcmp(name, "vkGetInstanceProcAddr") == 0)
        return (PFN_vkVoidFunction)fault_GetInstanceProcAddr;
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)fault_GetDeviceProcAddr;
    PFN_vkVoidFunction function = own_function(name);
    return function || !next.get ? function : next.get(own, name);
}

/* Where the loader begins. */
EXPORT VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(
    VkNegotiateLayerInterface *interface) {
    interface->loaderLayerInterfaceVersion = 2;
    interface->pfnGetInstanceProcAddr = fault_GetInstanceProcAddr;
    interface->pfnGetDeviceProcAddr = fault_GetDeviceProcAddr;
    interface->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
